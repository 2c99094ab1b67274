import { stateKey } from '../../engine/groups/key-state.js';
import { decodeKeyHeader } from '../../state/checkpoint.js';

/** The key under which a key's record stands in the state topic. */
export function stateKeyOfRecord(record: Uint8Array): string {
  const { group, key } = decodeKeyHeader(record);
  return stateKey(group, key);
}
