import { hash32 } from '../event/hash.js';
import { ByteWriter, type ByteReader } from '../state/bytes.js';
import { KeyState } from './key-state.js';
import { engineLimits } from './limits.js';
import type { Part } from './parts.js';

/** Event ids of one source and bucket, each with its event time: forgotten `windowMs` later. */
class IdBucket implements Pick<Part, 'expiresAt' | 'write' | 'read'> {
  private readonly ids = new Map<string, number>();
  private latestTs = -Infinity;

  constructor(private readonly windowMs: number) {}

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
    out.uint(this.ids.size);
    for (const [id, ts] of this.ids) {
      out.text(id);
      out.int(ts);
    }
  }

  read(from: ByteReader): void {
    for (let n = from.uint(); n > 0; n--) this.add(from.text(), from.int());
  }
}

/** The ids of one source that a task has seen, in buckets that are written one by one. */
export class SeenIds {
  static groupId(source: string): string {
    return `seen-ids:${source}`;
  }

  private readonly buckets = new Map<string, { readonly state: KeyState; readonly ids: IdBucket }>();

  constructor(
    private readonly source: string,
    private readonly windowMs: number,
    private readonly markDirty: (state: KeyState) => void,
  ) {}

  /** Whether the id has not been seen within the window. Buckets whose record is ahead of the replay are not touched: false means skip. */
  isNew(id: string, ts: number, sequence: number): boolean {
    const key = String(hash32(id) % engineLimits.dedupeBuckets);
    let bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, (bucket = { state: new KeyState(SeenIds.groupId(this.source), key), ids: new IdBucket(this.windowMs) }));
    if (bucket.state.reflects >= sequence) return true;
    if (!bucket.ids.add(id, ts)) return false;
    this.markDirty(bucket.state);
    return true;
  }

  restore(state: KeyState, bytes: ByteReader): void {
    const ids = new IdBucket(this.windowMs);
    ids.read(bytes);
    this.buckets.set(state.key, { state, ids });
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
