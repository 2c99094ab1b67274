import { ApiError } from '../../api/api-error.js';
import { CatalogueError, DatabaseUnavailableError, type CatalogueErrorCode } from '../../persistence/database-errors.js';

const STATUS: Readonly<Record<CatalogueErrorCode, number>> = {
  'revision.stale': 412,
  'cursor.invalid': 400,
  'text.not-storable': 422,
  'source.in-use': 409,
  'rule.exists': 409,
  'rule.not-found': 404,
  'rule.version-not-found': 404,
  'rule.transition-refused': 409,
  'list.too-large': 422,
  'api-key.last-admin': 409,
  'idempotency.in-progress': 409,
  'catalogue.not-empty': 409,
  'indexer.position-moved': 500,
};

/** Runs a call of the catalogue; its refusals become answers. */
export async function asApi<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CatalogueError) throw new ApiError(STATUS[error.code], error.code, error.message);
    if (error instanceof DatabaseUnavailableError) throw new ApiError(503, 'database.unavailable', 'the database cannot be reached now: detection goes on, editing and the alert index wait for it');
    throw error;
  }
}

/** An object whose methods run through `asApi`. */
export function guarded<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name, object);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]) => asApi(async () => (await Reflect.apply(member, object, args)) as unknown);
    },
  });
}
