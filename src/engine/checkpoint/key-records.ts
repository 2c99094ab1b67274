import type { SlotLayout } from '../../event/slot-layout.js';
import { encodeKeyRecord, KeyHeadReader, type KeyHead } from '../../state/checkpoint.js';
import { SeenIds } from '../events/dedupe.js';
import { KeyState, stateKey } from '../groups/key-state.js';
import type { Arrangement } from '../task/arrangement.js';
import type { GroupReports } from '../task/group-reports.js';
import type { RestoredKeys } from './restored-keys.js';
import { isLayoutKey, layoutPaths, layoutRecord, type StateRecord } from './state-record.js';

const stateKeyOf = (state: KeyState): string => stateKey(state.groupId, state.key);

/** The keys of a task as records of the state topic: what is to be written, what is written, what was read back. Sequences are those of the journal entry being made. */
export class KeyRecords {
  /** keys whose empty record is written, in that order, each with its sequence */
  private readonly tombstones = new Map<string, { readonly state: KeyState; readonly sequence: number }>();
  /** restored keys of which nothing is left */
  private emptyRestored: KeyState[] = [];
  private readonly heads = new KeyHeadReader();
  private layoutWritten = 0;
  private bytes = 0;

  constructor(
    private readonly layout: SlotLayout,
    private readonly arrangement: Arrangement,
    private readonly restored: RestoredKeys,
    private readonly reports: GroupReports,
  ) {}

  /** Size of the written records, bytes. */
  get writtenBytes(): number {
    return this.bytes;
  }

  get dirtyKeys(): number {
    return this.reports.dirty.size;
  }

  /** Smallest sequence whose effect is not in a written record, once the entry being made is. */
  floor(sequence: number): number {
    return this.reports.dirty.floor(sequence + 1);
  }

  // ------------------------------------------------------------------ writing

  /** Writes up to `count` keys, the oldest change first, as of that entry; the layout first where it has grown. */
  flush(count: number, sequence: number): StateRecord[] {
    this.arrangement.settle();
    const records: StateRecord[] = [];
    if (this.layout.size > this.layoutWritten) {
      this.layoutWritten = this.layout.size;
      records.push(layoutRecord(this.layout.paths()));
    }
    for (let n = 0; n < count; n++) {
      const state = this.reports.dirty.take();
      if (state === null) break;
      if (state.gone) this.noteGone(state, sequence);
      const value = this.encode(state, sequence);
      this.noteWritten(state, state.gone ? 0 : value.length);
      records.push({ key: stateKeyOf(state), value });
      this.arrangement.groups.get(state.groupId)?.runtime.rest(state, value);
    }
    return records;
  }

  private noteWritten(state: KeyState, bytes: number): void {
    state.written = true;
    this.bytes += bytes - state.writtenBytes;
    state.writtenBytes = bytes;
  }

  /** The latest empty record of a key decides when its tombstone may come. */
  private noteGone(state: KeyState, sequence: number): void {
    this.tombstones.delete(stateKeyOf(state));
    this.tombstones.set(stateKeyOf(state), { state, sequence });
  }

  /** Tombstones of keys whose empty record the replay floor has passed. */
  takeTombstones(floor: number): StateRecord[] {
    const records: StateRecord[] = [];
    for (const [key, { state, sequence }] of this.tombstones) {
      if (sequence >= floor) break;
      this.tombstones.delete(key);
      if (!this.hasComeBack(state) && state.gone) records.push({ key, value: null });
    }
    return records;
  }

  /** Whether there is such a key again, or one that is leaving anew: a record of it stands. */
  private hasComeBack(state: KeyState): boolean {
    if (this.arrangement.groups.get(state.groupId)?.runtime.noteWritten(state.key) === true || this.seenIdsOf(state.groupId)?.has(state.key) === true) return true;
    const leaving = this.reports.leaving.get(stateKeyOf(state));
    if (leaving !== undefined) leaving.written = true;
    return leaving !== undefined;
  }

  /** The record of every key that holds something, in order of key. */
  snapshot(sequence: number): StateRecord[] {
    const { groups, inputs } = this.arrangement;
    const records: StateRecord[] = [];
    const add = (state: KeyState): void => {
      const value = this.encode(state, sequence);
      if (this.heads.read(value).parts > 0) records.push({ key: stateKeyOf(state), value });
    };
    for (const { runtime } of groups.values()) for (const state of runtime.awakeAll()) add(state);
    for (const { seenIds } of inputs.values()) seenIds?.states().forEach(add);
    return records.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The same in any order; a record that stands as it was read is given as it is. */
  *saved(sequence: number): Iterable<Uint8Array> {
    const { groups, inputs } = this.arrangement;
    for (const { runtime } of groups.values()) {
      for (const record of runtime.saved(sequence)) if (this.heads.read(record).parts > 0) yield record;
    }
    for (const { seenIds } of inputs.values()) for (const state of seenIds?.states() ?? []) yield this.encode(state, sequence);
  }

  private encode(state: KeyState, sequence: number): Uint8Array {
    const group = this.arrangement.groups.get(state.groupId);
    if (group !== undefined) return group.runtime.encode(state, sequence);
    const record = { group: state.groupId, key: state.key, sequence, wakeAt: Infinity, lastTs: -Infinity };
    const seenIds = state.gone ? null : this.seenIdsOf(state.groupId);
    if (seenIds !== null) return encodeKeyRecord({ ...record, parts: [{ id: '0000000000000000', bytes: seenIds.encode(state.key) }] });
    this.reports.leaving.delete(stateKeyOf(state));
    return encodeKeyRecord({ ...record, parts: [] });
  }

  /** The remembered ids of that name; null where it names none that are here. */
  private seenIdsOf(groupId: string): SeenIds | null {
    for (const { seenIds, feed } of this.arrangement.inputs.values()) if (seenIds !== null && SeenIds.groupId(feed) === groupId) return seenIds;
    return null;
  }

  // ------------------------------------------------------------------ written by another

  /** Another owner's entry of that sequence says that every change before `floor` is in a written record. */
  adoptFloor(floor: number, sequence: number): void {
    this.reports.dirty.writtenBelow(floor, (state) => {
      state.written = true;
      if (!state.gone) return this.letRest(state, sequence);
      this.reports.leaving.delete(stateKeyOf(state));
      this.noteGone(state, sequence);
    });
  }

  private letRest(state: KeyState, sequence: number): void {
    const runtime = this.arrangement.groups.get(state.groupId)?.runtime;
    if (runtime?.restful === true) runtime.rest(state, runtime.encode(state, sequence));
  }

  /** From that entry on the task has another owner, who may have found empty records without their tombstones and have written them anew. */
  ownerChanged(sequence: number): void {
    for (const [key, { state }] of this.tombstones) {
      if (this.hasComeBack(state)) continue;
      this.reports.leaving.set(key, state);
      this.reports.dirty.mark(state, sequence);
    }
    this.tombstones.clear();
  }

  // ------------------------------------------------------------------ reading back

  restoreLayout(value: Uint8Array): void {
    for (const path of layoutPaths(value)) this.layout.slotOf(path);
    this.layoutWritten = this.layout.size;
  }

  /** @param keepSequence `false`: the record is not held to be ahead of any entry @returns what its head says; null for the layout */
  restore(key: string, value: Uint8Array, keepSequence: boolean): KeyHead | null {
    if (isLayoutKey(key)) return null;
    const head = this.heads.read(value);
    const { group, key: ofGroup, sequence, wakeAt, lastTs, parts } = head;
    const hosted = this.arrangement.groups.get(group);
    if (parts > 0 && hosted?.runtime.restoreRecord(value, keepSequence) === true) {
      this.bytes += value.length;
      return head;
    }
    const state = new KeyState(group, ofGroup);
    state.reflects = keepSequence ? sequence : -1;
    state.lastTs = lastTs;
    state.stored = value;
    this.noteWritten(state, value.length);
    if (parts === 0) this.emptyRestored.push(state);
    if (hosted === undefined) this.restored.add({ state, wakeAt });
    else hosted.runtime.restore(state, wakeAt);
    return head;
  }

  /** After the last record: gives the restored keys to the groups that exist. */
  adoptRestored(): void {
    const { groups, inputs } = this.arrangement;
    for (const { runtime } of groups.values()) this.restored.giveTo(runtime);
    for (const { seenIds, feed } of inputs.values()) if (seenIds !== null) this.restored.giveSeenIds(feed, seenIds);
  }

  /** After the replay: what it found to be gone goes from the state topic too. */
  dropUnclaimed(sequence: number): void {
    for (const state of this.emptyRestored) this.arrangement.groups.get(state.groupId)?.runtime.dropEmpty(state);
    this.emptyRestored = [];
    for (const state of this.restored.takeRest()) {
      state.clear();
      state.gone = true;
      this.reports.leaving.set(stateKeyOf(state), state);
      this.reports.dirty.mark(state, sequence);
    }
  }
}
