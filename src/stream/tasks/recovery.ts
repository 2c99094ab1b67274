import { keyHash } from '../../engine/groups/alert-builder.js';
import { PartitionTask } from '../../engine/task/partition-task.js';
import { isLayoutKey } from '../../engine/task/state-record.js';
import { present } from '../../event/assert.js';
import { EngineError } from '../../event/engine-error.js';
import { decodeUtf8 } from '../../state/bytes.js';
import { decodeKeyHeader } from '../../state/checkpoint.js';
import { decodeJournalEntry, type JournalEntry, type JournalStep } from '../../state/journal.js';
import type { Clock } from '../clock.js';
import type { SharedControl } from './control-reader.js';
import { readRange } from './input-pump.js';
import { OffsetOutOfRangeError, type LogReader } from '../log.js';
import type { Topics } from '../topics.js';

export interface OpenOptions {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly topics: Topics;
  readonly number: number;
  readonly keyedPartitions: number;
  readonly signal: AbortSignal;
  /** `false` replays into keys whose record is ahead: for tests that must then fail */
  readonly keySequences: boolean;
  readonly flags: number;
  readonly fast?: boolean;
  readonly control: SharedControl;
  readonly progress: (detail: string) => void;
  readonly warn: (message: string, facts: Readonly<Record<string, string | number>>) => void;
}

export interface OpenedTask {
  readonly task: PartitionTask;
  /** next offset of each input, by its id */
  readonly positions: ReadonlyMap<string, number>;
  readonly floor: number;
  /** log time of the last entry, epoch ms; null for a task that never committed */
  readonly lastEntryAt: number | null;
  /** journal entries that were replayed */
  readonly replayed: number;
}

interface JournalTail {
  /** first offset that the log still has */
  readonly start: number;
  /** from the entry before the floor on */
  readonly entries: readonly (JournalEntry & { readonly table: readonly string[] })[];
  readonly lastEntryAt: number | null;
}

/**
 * Brings a task to where its journal ends: checkpoint, then the journaled steps from the replay floor on with output suppressed, the
 * digests compared. Call it after the fence: only then is the end of the journal the end.
 * @throws EngineError `task.position-lost` where the log no longer has what must be replayed, `task.replay-mismatch` where the replay
 *   finds other alerts than the journal says under the same behaviour flags
 */
export async function openTask(options: OpenOptions): Promise<OpenedTask> {
  options.progress('reading the journal');
  const tail = await readJournal(options);
  options.progress('reading the checkpoint');
  const records = await readCheckpoint(options);
  const task = new PartitionTask({ number: options.number, keyedPartitions: options.keyedPartitions, prepare: options.control.prepare, ...(options.fast === undefined ? {} : { fast: options.fast }) });
  const last = tail.entries[tail.entries.length - 1];
  const floor = last?.floor ?? 0;
  const base = tail.entries.find(({ sequence }) => sequence === floor - 1);
  requireWholeJournal(options, tail, floor, records.size);
  for (const [key, value] of records) if (isLayoutKey(key)) task.restoreLayout(value);
  await applyControl(options, task, 0, base?.controlPosition ?? 0);
  if (base !== undefined) task.restoreTime(base.time);
  const ahead = restoreKeys(task, records, options.keySequences);
  let replayed = 0;
  for (const entry of tail.entries) {
    if (entry.sequence < floor) continue;
    replayed++;
    options.progress(`replaying entry ${entry.sequence} of ${last?.sequence ?? 0}`);
    await replay(options, task, entry, ahead);
  }
  task.sequence = last === undefined ? 0 : last.sequence + 1;
  task.finishReplay();
  const ids = new Set(task.inputs.map(({ id }) => id));
  const positions = new Map((last?.table ?? []).map((id, i) => [id, last?.positions[i] as number] as const).filter(([id]) => ids.has(id)));
  return { task, positions, floor, lastEntryAt: tail.lastEntryAt, replayed };
}

async function readJournal(options: OpenOptions): Promise<JournalTail> {
  const { reader, topics, number, clock, signal } = options;
  const ends = await retried(options, async () => (await reader.ends(topics.journal)).find(({ partition }) => partition === number));
  let entries: (JournalEntry & { table: readonly string[] })[] = [];
  let table: readonly string[] = [];
  let lastEntryAt: number | null = null;
  if (ends === undefined) return { start: 0, entries, lastEntryAt };
  await readRange(reader, clock, signal, topics.journal, number, ends.start, ends.end, (record) => {
    if (record.value === null) return;
    const entry = decodeJournalEntry(record.value);
    table = entry.inputs ?? table;
    entries.push({ ...entry, table });
    lastEntryAt = record.timestampMs;
    if (entries.length > 10_000) entries = entries.filter(({ sequence }) => sequence >= entry.floor - 1);
  });
  const floor = entries[entries.length - 1]?.floor ?? 0;
  entries = entries.filter(({ sequence }) => sequence >= floor - 1);
  return { start: ends.start, entries, lastEntryAt };
}

/** A journal that was made anew or has lost records would let the task begin anew, and say everything again. */
function requireWholeJournal({ number, topics }: OpenOptions, { entries, start }: JournalTail, floor: number, records: number): void {
  const first = entries[0];
  const expected = first === undefined ? 'none' : `entry ${Math.max(0, floor - 1)}`;
  const found = first === undefined ? (start > 0 ? `an empty journal that begins at offset ${start}` : records > 0 ? `no journal, and ${records} records of state` : 'none') : `entry ${first.sequence}`;
  if (found === expected) return;
  throw new EngineError('task.position-lost', { task: number, found, expected: first === undefined ? 'the entries that were there' : expected, advice: `topic ${topics.journal} was made anew or has lost records: bring them back, or restore the latest savepoint under another VIGIL_APP (npx vigil restore)` });
}

async function readCheckpoint(options: OpenOptions): Promise<Map<string, Uint8Array>> {
  const { reader, topics, number, clock, signal } = options;
  const ends = await retried(options, async () => (await reader.ends(topics.state)).find(({ partition }) => partition === number));
  const records = new Map<string, Uint8Array>();
  if (ends === undefined) return records;
  await readRange(reader, clock, signal, topics.state, number, ends.start, ends.end, (record) => {
    if (record.key === null) return;
    const key = decodeUtf8(record.key);
    // a view would keep the whole fetch in memory
    if (record.value === null) records.delete(key);
    else records.set(key, record.value.slice());
  });
  return records;
}

/** @returns hash of (group, key) → sequence that its record reflects */
function restoreKeys(task: PartitionTask, records: ReadonlyMap<string, Uint8Array>, keySequences: boolean): Map<number, number> {
  const ahead = new Map<number, number>();
  for (const [key, value] of records) {
    if (isLayoutKey(key)) continue;
    const header = decodeKeyHeader(value);
    task.restoreRecord(key, value, keySequences);
    if (!keySequences) continue;
    const hash = keyHash(header.group, header.key);
    ahead.set(hash, Math.max(ahead.get(hash) ?? -1, header.sequence));
  }
  task.adoptRestored();
  return ahead;
}

async function applyControl(options: OpenOptions, task: PartitionTask, from: number, to: number): Promise<void> {
  const { reader, topics, clock, signal } = options;
  await located(options, () =>
    readRange(reader, clock, signal, topics.control, 0, from, to, (record) => task.applyControl(options.control.read(record), record.offset)),
  );
  task.control.position = Math.max(task.control.position, to);
}

async function replay(options: OpenOptions, task: PartitionTask, entry: JournalEntry & { readonly table: readonly string[] }, ahead: ReadonlyMap<number, number>): Promise<void> {
  task.sequence = entry.sequence;
  for (const step of entry.steps) await replayStep(options, task, step, entry.table);
  const produced = task.takeEffects().digest;
  task.takeFrames(new Map(entry.table.map((id, i) => [id, entry.positions[i] as number])));
  task.adoptFailures(entry.time);
  const isAhead = (hash: number): boolean => (ahead.get(hash) ?? -1) >= entry.sequence;
  const found = comparable(produced, isAhead);
  const expected = comparable(entry.digest, isAhead);
  if (found === expected) return;
  const facts = { task: options.number, entry: entry.sequence, found: `${found.length / 24} alerts`, expected: `${expected.length / 24} alerts` };
  if (entry.flags === options.flags) throw new EngineError('task.replay-mismatch', { ...facts, advice: 'this is a defect of Vigil: keep the journal and the sources and report it' });
  options.warn('a replay under other behaviour flags found other alerts than were written', facts);
}

async function replayStep(options: OpenOptions, task: PartitionTask, step: JournalStep, table: readonly string[]): Promise<void> {
  const { reader, topics, clock, signal } = options;
  switch (step.kind) {
    case 'control':
      return applyControl(options, task, step.from, step.to);
    case 'idle':
      return task.markIdle(table[step.input] as string);
    case 'tick':
      return task.tick(step.deltaMs);
    case 'take': {
      const id = table[step.input] as string;
      const input = present(task.inputs.find((known) => known.id === id), `task ${options.number} has the input ${id} that its journal names`);
      task.useJournaledRepeats(new Set(step.repeats));
      const topic = input.topic ?? topics.rekey;
      await located(options, () => readRange(reader, clock, signal, topic, input.partition, step.from, step.to, (record) => task.take(id, record)));
    }
  }
}

/** The digest without keys that are ahead of the replay, as text that does not depend on order. */
function comparable(digest: ArrayLike<number>, isAhead: (keyHash: number) => boolean): string {
  const parts: string[] = [];
  for (let i = 0; i < digest.length; i += 3) {
    if (isAhead(digest[i] as number)) continue;
    parts.push([digest[i], digest[i + 1], digest[i + 2]].map((number) => (number as number).toString(16).padStart(8, '0')).join(''));
  }
  return parts.sort().join('');
}

/** A position that the log no longer has becomes a refusal that says what is missing and what can be done. */
async function located<T>(options: OpenOptions, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof OffsetOutOfRangeError ? positionLost(options.number, error, 'needed to replay what was taken') : error;
  }
}

/** The refusal for an offset that the log no longer has. @param what the offset is for */
export function positionLost(task: number, { topic, partition, offset, start, end }: OffsetOutOfRangeError, what: string): EngineError {
  return new EngineError('task.position-lost', {
    task,
    found: `offsets ${start} to ${end} of ${topic}/${partition}`,
    expected: `offset ${offset}, ${what}`,
    advice: 'the topic keeps less than a crash and its downtime need: restore the records, or declare the source anew and lose what its windows held',
  });
}

async function retried<T>(options: OpenOptions, ask: () => Promise<T>): Promise<T> {
  for (let retryMs = 50; ; retryMs = Math.min(retryMs * 2, 2_000)) {
    options.signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      options.progress(`the log does not answer: ${error instanceof Error ? error.message : String(error)}`);
      await options.clock.sleep(retryMs, options.signal);
    }
  }
}
