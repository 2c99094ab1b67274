/** What a problem details body says beyond `code` and `detail`; copied into it as further members. */
export type ProblemExtras = Readonly<Record<string, unknown>>;

/**
 * A refusal that the caller of the HTTP interface sees, as RFC 9457 problem details. Ports throw it too: an adapter
 * knows best that a rule does not exist or that a revision is stale.
 * `code` is public and stable (`rule.not-found`); `detail` says what was found, where, and what was expected;
 * `pointer` is a JSON pointer (RFC 6901) into the request body.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly pointer?: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(`${status} ${code}: ${detail}`);
  }
}
