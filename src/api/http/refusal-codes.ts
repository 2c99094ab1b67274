/** Statuses of refusals that ports throw as errors of their own with one of these public codes. */
const STATUS_OF: ReadonlyMap<string, number> = new Map([
  ['cursor.invalid', 400],
  ['source.not-found', 404],
  ['rule.not-found', 404],
  ['rule.version-not-found', 404],
  ['list.not-found', 404],
  ['rule.exists', 409],
  ['rule.transition-refused', 409],
  ['source.in-use', 409],
  ['list.in-use', 409],
  ['api-key.last-admin', 409],
  ['idempotency.in-progress', 409],
  ['revision.stale', 412],
  ['list.too-large', 422],
  ['source.invalid', 422],
  ['text.not-storable', 422],
  ['catalogue.unavailable', 503],
  ['ingestion.unavailable', 503],
]);

/** The status of an error that carries a public code; null for any other error. */
export function statusOfRefusal(error: unknown): { readonly status: number; readonly code: string } | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const status = typeof code === 'string' ? STATUS_OF.get(code) : undefined;
  return status === undefined ? null : { status, code: code as string };
}
