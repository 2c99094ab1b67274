export type Role = 'viewer' | 'analyst' | 'admin';

/** The owner of the API key of a request. Every change takes one: it goes to the audit trail with the change. */
export interface Actor {
  readonly keyId: string;
  readonly name: string;
  readonly role: Role;
}

/** Who changes something, under which request. */
export interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

/**
 * `If-Match`: `null` = not sent, change whatever is there; `'any'` = it must exist; otherwise the current revision must be
 * one of these. Checked in the same transaction as the change: @throws ApiError 412 `revision.stale`
 */
export type Precondition = null | 'any' | readonly number[];

/** `after` is the `next` of the page before, opaque to the HTTP interface; null = the first page. `limit` is 1 … 500. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | null;
}

/** `next` is null on the last page. An `after` that the port cannot read: @throws ApiError 400 `cursor.invalid` */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
