/** The database cannot be reached now: it is down, starting, refusing connections or too slow. Trying again later is right. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

/** The folder of the embedded database is open in another process (or twice in this one). */
export class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError';
  readonly folder: string;
  constructor(folder: string) {
    super(`the embedded database in ${folder} is in use by another process: stop that one, or set VIGIL_DATA_DIR to another folder`);
    this.folder = folder;
  }
}

/** The embedded database's files cannot be opened. Nothing was changed. */
export class DatabaseDamagedError extends Error {
  override readonly name = 'DatabaseDamagedError';
  readonly folder: string;
  constructor(folder: string, reason: string) {
    super(
      `the embedded database in ${folder} cannot be opened (${reason}): restore the folder from a copy, or move it away: an empty catalogue can take over what the control topic says`,
    );
    this.folder = folder;
  }
}

/** Public codes of refusals; the HTTP interface answers with the same ones. */
export type CatalogueErrorCode =
  | 'revision.stale'
  | 'cursor.invalid'
  | 'text.not-storable'
  | 'source.in-use'
  | 'rule.exists'
  | 'rule.not-found'
  | 'rule.version-not-found'
  | 'rule.transition-refused'
  | 'list.too-large'
  | 'api-key.last-admin'
  | 'idempotency.in-progress'
  | 'catalogue.not-empty'
  | 'indexer.position-moved';

/** The caller's mistake: what was asked cannot be done to what is stored. `code` is public; the message says what was found and expected. */
export class CatalogueError extends Error {
  override readonly name = 'CatalogueError';
  readonly code: CatalogueErrorCode;
  constructor(code: CatalogueErrorCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

const unstorableTextStates = new Set(['22021', '22P05']);
/** SQLSTATE classes that say "not now" rather than "never": connection, resources, operator intervention, startup. */
const unavailableStates = /^(08|53|57P|25006|58)/;
/** what node and the pg driver say when a connection breaks or cannot be made; the driver's own errors have no code */
const unavailableCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT']);
const unavailableMessages = /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|timeout expired|Connection ended|not queryable/i;

/** An error of the driver or of Node, known by its shape: it may come from another realm than this code. */
interface DriverError {
  readonly message: string;
  readonly code?: unknown;
  /** of an AggregateError: one for each address that was tried */
  readonly errors?: readonly unknown[];
}

function isDriverError(error: unknown): error is DriverError {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}

/** A driver's error as one of ours where it is one; anything else is returned as it is (a fault of ours, to be seen as such). */
export function translateDatabaseError(error: unknown): unknown {
  if (!isDriverError(error) || error instanceof DatabaseUnavailableError || error instanceof CatalogueError) return error;
  if (error.errors && error.errors.length > 0) return translateDatabaseError(error.errors[0]);
  const code = String(error.code ?? '');
  if (unstorableTextStates.has(code)) return new CatalogueError('text.not-storable', `a text has a character that cannot be stored (U+0000 or half a surrogate pair)`);
  if (!unavailableStates.test(code) && !unavailableCodes.has(code) && !unavailableMessages.test(error.message)) return error;
  return new DatabaseUnavailableError(`the database cannot be reached: ${error.message}`, { cause: error });
}
