import type { SourceDefinition } from '../../rules/source-schema.js';
import type { Caller, Page, PageRequest, Precondition } from './caller.js';

/** A source as declared; defaults are filled in, durations are ms. */
export interface SourceView {
  readonly name: string;
  readonly definition: SourceDefinition;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface SourceCatalogue {
  list(page: PageRequest): Promise<Page<SourceView>>;
  get(name: string): Promise<SourceView | null>;
  /**
   * Declares or changes a source. The same definition again changes nothing (same revision).
   * @throws ApiError 412, 409 or 422 where the change is not possible
   */
  put(name: string, definition: SourceDefinition, precondition: Precondition, caller: Caller): Promise<Stored<SourceView>>;
  /** @returns false where there is none. @throws ApiError 409 `source.in-use` while live rules read it, 412 */
  delete(name: string, precondition: Precondition, caller: Caller): Promise<boolean>;
}

export interface Stored<T> {
  readonly outcome: 'created' | 'changed' | 'unchanged';
  readonly item: T;
}
