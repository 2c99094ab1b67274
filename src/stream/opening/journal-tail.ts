import { EngineError } from '../../event/engine-error.js';
import { decodeJournalEntry } from '../../state/journal.js';
import type { LogRecord } from '../log.js';
import { readRange } from '../inputs/input-pump.js';
import { endsOf } from '../until-answered.js';
import { retried, type OpenOptions, type TabledEntry } from './opening.js';

/** Entries before the floor are let go when so many have been read. */
const ENTRIES_KEPT = 10_000;

/** The end of a task's journal: the entries that a replay needs, as far as it has been read. */
export class JournalTail {
  /** first offset that the log had when it was first asked */
  start = 0;
  /** offset of the next entry */
  position = -1;
  /** log time of the last entry, epoch ms; null where there is none */
  lastEntryAt: number | null = null;
  private read: TabledEntry[] = [];
  private table: readonly string[] = [];

  constructor(private readonly options: OpenOptions) {}

  /** Reads on to where the journal ends now. @throws OffsetOutOfRangeError */
  async readOn(): Promise<void> {
    const { reader, topics, number, clock, signal } = this.options;
    const ends = await retried(this.options, () => endsOf(reader, topics.journal, number));
    if (ends === undefined) return;
    if (this.position < 0) this.start = this.position = ends.start;
    await readRange(reader, clock, signal, topics.journal, number, this.position, ends.end, (record) => void this.take(record));
    this.position = Math.max(this.position, ends.end);
  }

  /** Takes the next record. @returns its entry; null where it is none */
  take(record: LogRecord): TabledEntry | null {
    this.position = record.offset + 1;
    if (record.value === null) return null;
    const decoded = decodeJournalEntry(record.value);
    this.table = decoded.inputs ?? this.table;
    const entry = { ...decoded, table: this.table };
    this.lastEntryAt = record.timestampMs;
    this.read.push(entry);
    if (this.read.length > ENTRIES_KEPT) this.forgetBefore(entry.floor - 1);
    return entry;
  }

  /** The last entry keeps its place, those before that one go. */
  forgetBefore(sequence: number): void {
    this.read = this.read.filter((entry) => entry.sequence >= sequence);
  }

  /** As far as it has been read there never was an entry. */
  get isUnwritten(): boolean {
    return this.last === undefined && this.start === 0;
  }

  get last(): TabledEntry | undefined {
    return this.read[this.read.length - 1];
  }

  /** From the entry before the floor on. */
  get entries(): readonly TabledEntry[] {
    const floor = this.last?.floor ?? 0;
    return this.read.filter(({ sequence }) => sequence >= floor - 1);
  }

  /** A journal that was made anew or has lost records would let the task begin anew, and say everything again. @param records of the checkpoint */
  requireWhole(records: number): void {
    const { number, topics } = this.options;
    const floor = this.last?.floor ?? 0;
    const [first] = this.entries;
    const expected = first === undefined ? 'none' : `entry ${Math.max(0, floor - 1)}`;
    const found = first === undefined ? (this.start > 0 ? `an empty journal that begins at offset ${this.start}` : records > 0 ? `no journal, and ${records} records of state` : 'none') : `entry ${first.sequence}`;
    if (found === expected) return;
    throw new EngineError('task.position-lost', { task: number, found, expected: first === undefined ? 'the entries that were there' : expected, advice: `topic ${topics.journal} was made anew or has lost records: bring them back, or restore the latest savepoint under another VIGIL_APP (npx vigil restore)` });
  }
}
