import { CatalogueError } from '../database-errors.js';
import type { Role } from '../entities/api-key.js';

/** The owner of the API key of a request. */
export interface Actor {
  readonly keyId: string;
  readonly name: string;
  readonly role: Role;
}

/** Who changes something, under which request: both go to the audit trail with the change. */
export interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

/** `null`: change whatever is there; `'any'`: it must exist; otherwise its revision must be one of these. */
export type Precondition = null | 'any' | readonly number[];

/** @throws CatalogueError `revision.stale`. `revision` is null where the thing does not exist. */
export function requireRevision(subject: string, revision: number | null, precondition: Precondition): void {
  if (precondition === null) return;
  if (revision === null) throw new CatalogueError('revision.stale', `${subject} does not exist, and the request asks for one that does`);
  if (precondition === 'any' || precondition.includes(revision)) return;
  throw new CatalogueError('revision.stale', `${subject} is at revision ${revision}, and the request is about ${precondition.join(' or ')}`);
}

export interface Stored<T> {
  readonly outcome: 'created' | 'changed' | 'unchanged';
  readonly item: T;
}
