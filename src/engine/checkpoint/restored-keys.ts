import { present } from '../../event/assert.js';
import { ByteReader } from '../../state/bytes.js';
import { decodeKeyRecord } from '../../state/checkpoint.js';
import { SeenIds } from '../events/dedupe.js';
import type { GroupRuntime } from '../groups/group-runtime.js';
import type { KeyState } from '../groups/key-state.js';

/** A key whose record was read back, and when it wants to be woken, epoch ms. */
export interface RestoredKey {
  readonly state: KeyState;
  readonly wakeAt: number;
}

/** Keys that were restored for groups and inputs that are not there yet: the control record that makes them comes in the replay. */
export class RestoredKeys {
  private readonly byGroup = new Map<string, RestoredKey[]>();

  add(key: RestoredKey): void {
    const list = this.byGroup.get(key.state.groupId);
    if (list) list.push(key);
    else this.byGroup.set(key.state.groupId, [key]);
  }

  /** Keeps what a group that goes had ahead of the replay, for the one that takes its place. */
  setAside(groupId: string, ahead: readonly RestoredKey[]): void {
    if (ahead.length > 0) this.byGroup.set(groupId, [...ahead]);
  }

  setAsideSeenIds(feed: string, ahead: readonly KeyState[]): void {
    this.setAside(SeenIds.groupId(feed), ahead.map((state) => ({ state, wakeAt: Infinity })));
  }

  giveTo(runtime: GroupRuntime): void {
    for (const { state, wakeAt } of this.byGroup.get(runtime.id) ?? []) runtime.restore(state, wakeAt);
    this.byGroup.delete(runtime.id);
  }

  giveSeenIds(feed: string, seen: SeenIds): void {
    const group = SeenIds.groupId(feed);
    for (const { state } of this.byGroup.get(group) ?? []) {
      const record = decodeKeyRecord(present(state.stored, 'a restored record has bytes'));
      const [part] = record.parts;
      if (part !== undefined) seen.restore(state, new ByteReader(part.bytes, record.version));
    }
    this.byGroup.delete(group);
  }

  /** Takes out those that nobody asked for. */
  takeRest(): KeyState[] {
    const rest = [...this.byGroup.values()].flatMap((list) => list.map(({ state }) => state));
    this.byGroup.clear();
    return rest;
  }
}
