import { hash32 } from '../../event/hash.js';
import { ByteWriter, readTime, writeTime, type ByteReader } from '../../state/bytes.js';
import { KeyState, stateKey } from '../groups/key-state.js';
import { engineLimits } from '../limits.js';
import type { Part } from '../groups/parts.js';

/** Event ids of one source and bucket, each with its event time: forgotten `windowMs` later. */
class IdBucket implements Pick<Part, 'expiresAt' | 'write' | 'read'> {
  private readonly ids = new Map<string, number>();
  private latestTs = -Infinity;

  constructor(public windowMs: number) {}

  /** Whether the id is new within the window; it is remembered. */
  add(id: string, ts: number): boolean {
    const known = this.ids.get(id);
    if (known !== undefined && Math.abs(ts - known) <= this.windowMs) return false;
    if (ts > this.latestTs) this.latestTs = ts;
    this.ids.delete(id);
    this.forget();
    this.ids.set(id, ts);
    return true;
  }

  private forget(): void {
    for (const [id, ts] of this.ids) {
      if (ts >= this.latestTs - this.windowMs && this.ids.size < engineLimits.dedupeIdsPerBucketMax) return;
      this.ids.delete(id);
    }
  }

  expiresAt(): number {
    return this.ids.size === 0 ? -Infinity : this.latestTs + this.windowMs;
  }

  write(out: ByteWriter): void {
    writeTime(out, this.latestTs);
    out.uint(this.ids.size);
    for (const [id, ts] of this.ids) {
      out.text(id);
      out.int(ts);
    }
  }

  read(from: ByteReader): void {
    this.latestTs = readTime(from);
    for (let n = from.uint(); n > 0; n--) this.ids.set(from.text(), from.int());
  }
}

/** What the remembered ids need of their task. */
export interface SeenIdsHost {
  readonly sequence: number;
  markDirty(state: KeyState): void;
  /** dropped keys whose empty record is not written yet */
  readonly leaving: Map<string, KeyState>;
}

/** The ids of one source that a task has seen, in buckets that are written one by one. */
export class SeenIds {
  static groupId(source: string): string {
    return `seen-ids:${source}`;
  }

  private readonly buckets = new Map<string, { readonly state: KeyState; readonly ids: IdBucket }>();

  constructor(
    private readonly source: string,
    private windowMs: number,
    private readonly host: SeenIdsHost,
  ) {}

  /** From now on ids are remembered for so long, ms. */
  useWindow(windowMs: number): void {
    this.windowMs = windowMs;
    for (const { ids } of this.buckets.values()) ids.windowMs = windowMs;
  }

  /** Whether the id has not been seen within the window. Buckets whose record is ahead of the replay are not touched: false means skip. */
  isNew(id: string, ts: number): boolean {
    const key = String(hash32(id) % engineLimits.dedupeBuckets);
    let bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, (bucket = { state: this.newState(key), ids: new IdBucket(this.windowMs) }));
    if (bucket.state.reflects >= this.host.sequence) return true;
    if (!bucket.ids.add(id, ts)) return false;
    this.host.markDirty(bucket.state);
    return true;
  }

  private newState(key: string): KeyState {
    const name = stateKey(SeenIds.groupId(this.source), key);
    const state = this.host.leaving.get(name);
    if (state === undefined) return new KeyState(SeenIds.groupId(this.source), key);
    this.host.leaving.delete(name);
    state.gone = false;
    return state;
  }

  /** Forgets everything. @returns buckets whose record is ahead of the replay, which are what comes after this */
  dropAll(): KeyState[] {
    const ahead: KeyState[] = [];
    for (const { state } of this.buckets.values()) {
      if (state.reflects >= this.host.sequence) {
        ahead.push(state);
        continue;
      }
      state.clear();
      state.gone = true;
      this.host.leaving.set(stateKey(state.groupId, state.key), state);
      this.host.markDirty(state);
    }
    this.buckets.clear();
    return ahead;
  }

  restore(state: KeyState, bytes: ByteReader): void {
    const ids = new IdBucket(this.windowMs);
    ids.read(bytes);
    this.buckets.set(state.key, { state, ids });
  }

  /** Whether there is such a bucket. */
  has(key: string): boolean {
    return this.buckets.has(key);
  }

  states(): KeyState[] {
    return [...this.buckets.values()].map(({ state }) => state);
  }

  /** Bytes of one bucket. */
  encode(key: string): Uint8Array {
    const out = new ByteWriter();
    this.buckets.get(key)?.ids.write(out);
    return out.take();
  }
}
