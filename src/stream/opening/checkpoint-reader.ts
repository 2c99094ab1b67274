import { decodeUtf8 } from '../../state/bytes.js';
import { readRange } from '../inputs/input-pump.js';
import { endsOf } from '../until-answered.js';
import { retried, type OpenOptions } from './opening.js';

/**
 * The records of a task's checkpoint. Where its owner goes on meanwhile it is read in rounds, each after a look at the journal. A tombstone
 * counts once the journal has been read behind it: until then the replay may begin before the key went, and needs the record that says so.
 */
export class CheckpointReader {
  readonly records = new Map<string, Uint8Array>();
  private readonly removed = new Set<string>();
  private readonly shelves = new Shelves();
  private position = -1;

  constructor(private readonly options: OpenOptions) {}

  /** Reads on to where the checkpoint ends now: all that belongs to the entries that the journal was seen to have before the call. */
  async readOn(): Promise<void> {
    const { reader, topics, number, clock, signal } = this.options;
    this.settle();
    if (this.position < 0) {
      const ends = await retried(this.options, () => endsOf(reader, topics.state, number));
      if (ends === undefined) return;
      this.position = ends.start;
    }
    // an entry can be seen before its records can: what is written counts, not what may be read already
    const end = (await retried(this.options, () => reader.written(topics.state)))[number] ?? this.position;
    await readRange(reader, clock, signal, topics.state, number, this.position, end, ({ key, value }) => {
      if (key === null) return;
      const name = decodeUtf8(key);
      if (value === null) this.removed.add(name);
      else {
        if (this.removed.size > 0) this.removed.delete(name);
        // a view would keep the whole fetch in memory
        this.records.set(name, this.shelves.keep(value));
      }
    });
    this.position = Math.max(this.position, end);
  }

  /** Takes out what is gone: nothing is written any more, or the journal was read behind it. */
  settle(): void {
    for (const name of this.removed) this.records.delete(name);
    this.removed.clear();
  }
}

/** Bytes of one buffer that holds the records of many keys: one of their own for each costs more than most records. */
const SHELF_BYTES = 64 << 10;

/** Keeps copies of records, many in one buffer; a buffer goes when the last of its records has gone. */
class Shelves {
  private shelf = new Uint8Array(0);
  private used = 0;

  keep(bytes: Uint8Array): Uint8Array {
    if (bytes.length > SHELF_BYTES / 8) return bytes.slice();
    if (this.used + bytes.length > this.shelf.length) {
      this.shelf = new Uint8Array(SHELF_BYTES);
      this.used = 0;
    }
    const from = this.used;
    this.used += bytes.length;
    this.shelf.set(bytes, from);
    return this.shelf.subarray(from, this.used);
  }
}
