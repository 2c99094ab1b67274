import type { Caller, Page, PageRequest, Precondition } from './caller.js';
import type { Stored } from './sources.js';

export interface ListView {
  readonly name: string;
  readonly description: string;
  /** entries that have not expired */
  readonly size: number;
  readonly revision: number;
  readonly updatedAt: number;
}

export interface ListEntry {
  readonly value: string;
  /** epoch ms; null = never */
  readonly expiresAt: number | null;
}

export interface ListCatalogue {
  list(page: PageRequest): Promise<Page<ListView>>;
  get(name: string): Promise<ListView | null>;
  entries(name: string, page: PageRequest): Promise<Page<ListEntry> | null>;
  /** Creates the list or replaces all of its entries. @throws ApiError 412 */
  put(name: string, list: { readonly description: string; readonly entries: readonly ListEntry[] }, precondition: Precondition, caller: Caller): Promise<Stored<ListView>>;
  /** Sets (an entry that is there gets the new expiry) and removes entries. @returns null where there is no such list */
  change(name: string, change: { readonly set: readonly ListEntry[]; readonly remove: readonly string[] }, precondition: Precondition, caller: Caller): Promise<ListView | null>;
  delete(name: string, precondition: Precondition, caller: Caller): Promise<boolean>;
}
