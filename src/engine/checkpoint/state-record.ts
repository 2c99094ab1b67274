import { decodeUtf8, encodeUtf8 } from '../../state/bytes.js';

/** A key's state, or the layout, as it goes to the state topic. */
export interface StateRecord {
  readonly key: string;
  /** null: a tombstone */
  readonly value: Uint8Array | null;
}

/** Key of the state record that holds the paths of the layout, by slot. */
const LAYOUT_KEY = '\u0000layout';

export function isLayoutKey(key: string): boolean {
  return key === LAYOUT_KEY;
}

/** The record of a layout: it must stand before any record of a key that has those slots. @param paths by slot */
export function layoutRecord(paths: readonly string[]): { readonly key: string; readonly value: Uint8Array } {
  return { key: LAYOUT_KEY, value: encodeUtf8(JSON.stringify(paths)) };
}

/** The paths by slot that a layout's record holds. */
export function layoutPaths(value: Uint8Array): string[] {
  return JSON.parse(decodeUtf8(value)) as string[];
}
