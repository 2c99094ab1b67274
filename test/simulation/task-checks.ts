import { ControlState } from '../../src/engine/control/control-state.js';
import { emptyEventRecord } from '../../src/engine/events/event-record.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { isLayoutKey } from '../../src/engine/checkpoint/state-record.js';
import { FrameReader } from '../../src/engine/rekey/rekey-frame.js';
import { decodeTimeState } from '../../src/engine/time/time-state.js';
import { SlotLayout } from '../../src/event/slot-layout.js';
import { decodeUtf8 } from '../../src/state/bytes.js';
import { decodeKeyRecord } from '../../src/state/checkpoint.js';
import { decodeJournalEntry, NOT_BEGUN, type JournalEntry, type JournalStep } from '../../src/state/journal.js';
import type { SharedControl } from '../../src/stream/tasks/control-reader.js';
import type { LogRecord, NewRecord } from '../../src/stream/log.js';
import { openTask } from '../../src/stream/opening/recovery.js';
import { WriteBuilder } from '../../src/stream/tasks/write-builder.js';
import { recount, type Counted } from './task-recount.js';
import { OUTPUT_PARTITIONS, TOPICS, type Scenario } from './task-scenario.js';
import type { SimulatedCluster } from './simulated-log.js';

/** What the simulation promised and did not keep. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export type TabledEntry = JournalEntry & { readonly table: readonly string[] };

/** What is left of a run for the checks. */
export interface Outcome {
  readonly cluster: SimulatedCluster;
  readonly scenario: Scenario;
  /** records that were trimmed away, by topic/partition */
  readonly trimmed: ReadonlyMap<string, readonly LogRecord[]>;
  /** the checks' own: none of the hosts' */
  readonly control: SharedControl;
  /** `false`: patterns run on the general matcher */
  readonly fast: boolean;
}

/** Everything that was ever committed to a partition, trimmed records included. */
export function everything({ cluster, trimmed }: Outcome, topic: string, partition: number): LogRecord[] {
  const kept = cluster.committed(topic, partition);
  const first = kept[0]?.offset ?? Infinity;
  return [...(trimmed.get(`${topic}/${partition}`) ?? []).filter(({ offset }) => offset < first), ...kept];
}

/** Journal of a task from its first entry on. */
export function journalOf(outcome: Outcome, number: number): TabledEntry[] {
  let table: readonly string[] = [];
  return everything(outcome, TOPICS.journal, number).map((record) => {
    const entry = decodeJournalEntry(record.value as Uint8Array);
    table = entry.inputs ?? table;
    return { ...entry, table };
  });
}

/** The control topic as a whole. */
export function controlOf({ cluster, scenario, control }: Outcome): ControlState {
  const state = new ControlState(scenario.keyedPartitions, control.prepare);
  for (const record of cluster.committed(TOPICS.control, 0)) {
    const change = control.read(record);
    if (change !== null) state.apply(change, record.offset);
  }
  return state;
}

/** Everything the fold of one task gives. */
export interface Fold {
  readonly task: PartitionTask;
  readonly entries: readonly TabledEntry[];
  /** records of output topics, as text */
  readonly output: readonly string[];
  /** re-keyed frames that have events, as text */
  readonly frames: readonly string[];
  readonly positions: ReadonlyMap<string, number>;
}

/** Checks everything. @throws Violation @returns counts of what was compared */
export async function checkOutcome(outcome: Outcome): Promise<{ entries: number; alerts: number; counted: number; folds: readonly Fold[] }> {
  const { cluster } = outcome;
  const control = controlOf(outcome);
  const folds: Fold[] = [];
  for (let number = 0; number < control.taskCount; number++) {
    const entries = journalOf(outcome, number);
    checkJournal(number, entries);
    folds.push(fold(outcome, number, entries));
  }
  const seen = visible(cluster);
  compare('output', seen, folds.flatMap(({ output }) => output));
  compare('re-keyed frames', framesSeen(outcome), folds.flatMap(({ frames }) => frames));
  checkIds(cluster);
  for (const each of folds) await checkReopening(outcome, each);
  const counted = folds.reduce((sum, each) => sum + checkCounted(outcome, each), 0);
  return { entries: folds.reduce((sum, { entries }) => sum + entries.length, 0), alerts: seen.length, counted, folds };
}

/** Sequences without gaps, floors that go up. */
function checkJournal(number: number, entries: readonly TabledEntry[]): void {
  let floor = 0;
  entries.forEach((entry, n) => {
    if (entry.sequence !== n) throw new Violation(`journal of task ${number}: entry ${n} has sequence ${entry.sequence}`);
    if (entry.floor < floor || entry.floor > n + 1) throw new Violation(`journal of task ${number}: floor ${entry.floor} of entry ${n} after ${floor}`);
    floor = entry.floor;
  });
}

// ------------------------------------------------------------------ fold

/** One fault-free run over the inputs in journaled order, from the start. */
export function fold(outcome: Outcome, number: number, entries: readonly TabledEntry[]): Fold {
  const { cluster, scenario, control, fast } = outcome;
  const task = new PartitionTask({ number, keyedPartitions: scenario.keyedPartitions, prepare: control.prepare, fast });
  // slots get their numbers in the order in which rules are compiled, which is nobody's business but the layout's
  const layout = cluster.committed(TOPICS.state, number).findLast(({ key }) => key !== null && isLayoutKey(decodeUtf8(key)));
  if (layout?.value != null) task.restoreLayout(layout.value);
  const output: string[] = [];
  const frames: string[] = [];
  const positions = new Map<string, number>();
  for (const entry of entries) {
    task.sequence = entry.sequence;
    for (const step of entry.steps) foldStep(outcome, task, step, entry, positions);
    checkPositions(task, entry, positions);
    const writes = new WriteBuilder(TOPICS, number, () => OUTPUT_PARTITIONS).effects(task.takeEffects(), []).build();
    for (const { topic, records } of writes) for (const record of records) output.push(textOfNew(topic, record));
    for (const { partition, value } of task.takeFrames(new Map(entry.table.map((id, i) => [id, entry.positions[i] as number])))) if (hasEvents(value)) frames.push(frameText(partition, value));
  }
  task.sequence = entries.length;
  return { task, entries, output, frames, positions };
}

function foldStep(outcome: Outcome, task: PartitionTask, step: JournalStep, { table, sequence }: TabledEntry, positions: Map<string, number>): void {
  switch (step.kind) {
    case 'control':
      if (step.from !== task.control.position) throw new Violation(`task ${task.number} took control from ${step.from}, expected ${task.control.position} in entry ${sequence}`);
      for (const record of between(outcome, TOPICS.control, 0, step.from, step.to)) {
        task.applyControl(outcome.control.read(record), record.offset, begun(positions));
        followInputs(task, positions);
      }
      task.control.position = step.to;
      return;
    case 'idle':
      return task.markIdle(table[step.input] as string);
    case 'tick':
      return task.tick(step.deltaMs);
    case 'join': {
      const id = table[step.input] as string;
      const { warm } = task.inputs.find((known) => known.id === id) ?? {};
      if (warm == null) throw new Violation(`task ${task.number} joined ${id}, which reads no history in entry ${sequence}`);
      if (positions.get(id) !== positions.get(warm.inputId)) throw new Violation(`task ${task.number} joined ${id} at ${positions.get(id)}, while its input stands at ${positions.get(warm.inputId)} in entry ${sequence}`);
      return task.join(id);
    }
    case 'take': {
      const id = table[step.input] as string;
      const input = task.inputs.find((known) => known.id === id);
      if (input === undefined) throw new Violation(`task ${task.number} took from ${id}, which it does not have in entry ${sequence}`);
      const from = positions.get(id) ?? input.startOffset;
      const begins = from === NOT_BEGUN && input.warm !== null && step.from >= input.startOffset;
      if (input.warm !== null && step.to > (positions.get(input.warm.inputId) as number)) throw new Violation(`task ${task.number} took ${id} to ${step.to}, beyond its input in entry ${sequence}`);
      if (step.from !== from && !begins) throw new Violation(`task ${task.number} took ${id} from ${step.from}, expected ${from} in entry ${sequence}`);
      positions.set(id, step.to);
      task.useJournaledRepeats(new Set(step.repeats));
      for (const record of between(outcome, input.topic ?? TOPICS.rekey, input.partition, step.from, step.to)) task.take(id, record);
    }
  }
}

function begun(positions: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...positions].filter(([, position]) => position !== NOT_BEGUN));
}

/** Inputs that came begin where their source says, inputs that went are forgotten. */
function followInputs(task: PartitionTask, positions: Map<string, number>): void {
  const { inputs } = task;
  for (const id of positions.keys()) if (!inputs.some((input) => input.id === id)) positions.delete(id);
  for (const { id, startOffset, warm } of inputs) if (!positions.has(id)) positions.set(id, warm === null ? startOffset : NOT_BEGUN);
}

/** The entry says where every input stands. */
function checkPositions(task: PartitionTask, entry: TabledEntry, positions: ReadonlyMap<string, number>): void {
  followInputs(task, positions as Map<string, number>);
  const joined = new Set(entry.steps.flatMap((step) => (step.kind === 'join' ? [step.input] : [])));
  entry.table.forEach((id, i) => {
    // known before anything was taken
    if (positions.get(id) === NOT_BEGUN) (positions as Map<string, number>).set(id, entry.positions[i] as number);
  });
  const found = entry.table.map((id, i) => `${id} ${entry.positions[i]}`).filter((_, i) => !joined.has(i));
  compare(`positions of task ${task.number} in entry ${entry.sequence}`, found, [...positions].map(([id, position]) => `${id} ${position}`));
  if (entry.controlPosition !== task.control.position) throw new Violation(`task ${task.number}: entry ${entry.sequence} says control ${entry.controlPosition}, expected ${task.control.position}`);
}

export function between(outcome: Outcome, topic: string, partition: number, from: number, to: number): LogRecord[] {
  return everything(outcome, topic, partition).filter(({ offset }) => offset >= from && offset < to);
}

// ------------------------------------------------------------------ what readers see

const OUTPUT_TOPICS = [TOPICS.alerts, TOPICS.shadowAlerts, TOPICS.signals, TOPICS.late, TOPICS.deadLetter];

function visible(cluster: SimulatedCluster): string[] {
  const seen: string[] = [];
  for (const topic of OUTPUT_TOPICS) {
    for (let partition = 0; partition < OUTPUT_PARTITIONS; partition++) for (const record of cluster.committed(topic, partition)) seen.push(textOf(topic, partition, record));
  }
  return seen;
}

function framesSeen(outcome: Outcome): string[] {
  const frames: string[] = [];
  for (let partition = 0; partition < outcome.scenario.keyedPartitions; partition++) {
    for (const { value } of everything(outcome, TOPICS.rekey, partition)) if (value !== null && hasEvents(value)) frames.push(frameText(partition, value));
  }
  return frames;
}

export function hasEvents(frame: Uint8Array): boolean {
  let events = 0;
  new FrameReader(frame).events(new SlotLayout(), emptyEventRecord(), () => void events++);
  return events > 0;
}

export const frameText = (partition: number, frame: Uint8Array): string => `${partition} ${hex(frame)}`;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const textOfBytes = (bytes: Uint8Array | string | null): string => (bytes === null ? 'null' : typeof bytes === 'string' ? bytes : decodeUtf8(bytes));
const textOfHeaders = (headers: NewRecord['headers'] | LogRecord['headers']): string =>
  Object.entries(headers ?? {}).map(([name, value]) => `${name}=${textOfBytes(value)}`).sort().join(' ');

function textOf(topic: string, partition: number, { key, value, headers }: LogRecord): string {
  return `${topic}/${partition} ${textOfBytes(key)} ${textOfBytes(value)} ${textOfHeaders(headers)}`;
}

function textOfNew(topic: string, { partition, key, value, headers }: NewRecord): string {
  return `${topic}/${partition} ${textOfBytes(key)} ${textOfBytes(value)} ${textOfHeaders(headers)}`;
}

/** Multisets of texts are equal. */
export function compare(what: string, found: readonly string[], expected: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const text of expected) counts.set(text, (counts.get(text) ?? 0) + 1);
  const extra: string[] = [];
  for (const text of found) {
    const left = counts.get(text) ?? 0;
    if (left === 0) extra.push(text);
    else counts.set(text, left - 1);
  }
  const missing = [...counts].filter(([, left]) => left > 0).map(([text]) => text);
  if (extra.length + missing.length === 0) return;
  throw new Violation(`${what}: ${found.length} found, ${expected.length} expected\n  not expected: ${extra.slice(0, 3).join('\n    ') || 'none'}\n  missing: ${missing.slice(0, 3).join('\n    ') || 'none'}`);
}

function checkIds(cluster: SimulatedCluster): void {
  const ids = new Set<string>();
  for (const topic of [TOPICS.alerts, TOPICS.shadowAlerts, TOPICS.signals]) {
    for (let partition = 0; partition < OUTPUT_PARTITIONS; partition++) {
      for (const { value } of cluster.committed(topic, partition)) {
        const { id } = JSON.parse(textOfBytes(value)) as { id: string };
        if (ids.has(id)) throw new Violation(`alert ${id} is visible twice: ${textOfBytes(value)}`);
        ids.add(id);
      }
    }
  }
}

// ------------------------------------------------------------------ state

/** Opened once more, from checkpoint and journal, the task is as the fold left it. */
async function checkReopening({ cluster, scenario, control, fast }: Outcome, { task, positions, entries }: Fold): Promise<void> {
  const observer = cluster.process('checker', { faulty: false });
  const clock = { now: () => observer.now(), sleep: (ms: number, signal?: AbortSignal) => observer.sleep(ms, signal), yield: () => observer.breathe() };
  const opened = await cluster.complete(
    openTask({
      reader: observer.reader, clock, topics: TOPICS, number: task.number, keyedPartitions: scenario.keyedPartitions, signal: new AbortController().signal, control, keySequences: true, flags: 0, fast,
      progress: () => undefined,
      warn: (message) => {
        throw new Violation(message);
      },
    }),
    { maxTimeMs: 600_000 },
  );
  const what = `task ${task.number} reopened after ${entries.length} entries from floor ${opened.floor}`;
  compare(`${what}: keys`, describeKeys(opened.task), describeKeys(task));
  compare(`${what}: time`, describeTime(opened.task), describeTime(task));
  compare(`${what}: positions`, [...opened.positions].map(String), entries.length === 0 ? [] : [...begun(positions)].map(String));
  compare(`${what}: control`, [String(opened.task.control.position)], [String(task.control.position)]);
}

/** Everything that the keys of a task hold. */
export function describeKeys(task: PartitionTask): string[] {
  return task.snapshot().map(({ key, value }) => describeRecord(key, value as Uint8Array));
}

function describeRecord(key: string, value: Uint8Array): string {
  // when it wakes is no part of what it is: a matcher may look at a deadline that has become idle, and find nothing
  const { lastTs, parts } = decodeKeyRecord(value);
  return `${JSON.stringify(key)} last ${lastTs} ${parts.map(({ id, bytes }) => `${id}:${hex(bytes)}`).sort().join(' ')}`;
}

export function describeTime(task: PartitionTask): string[] {
  const { lanes, sets, starts, warmUps, pasts } = decodeTimeState(task.timeState());
  return [...lanes, ...sets, ...starts, ...warmUps, ...pasts].map((line) => JSON.stringify(line, (_, value: unknown) => (typeof value === 'number' ? String(value) : value)));
}

// ------------------------------------------------------------------ recount

/** Rules whose answer follows from the input's order alone, counted by hand. */
function checkCounted({ cluster, scenario, control }: Outcome, { task, entries }: Fold): number {
  if (task.keyed) return 0;
  const expected: Counted | null = recount(cluster, control, scenario, task, entries);
  if (expected === null) return 0;
  const found: string[] = [];
  for (let partition = 0; partition < OUTPUT_PARTITIONS; partition++) {
    for (const { value } of cluster.committed(TOPICS.alerts, partition)) {
      const text = expected.describe(JSON.parse(textOfBytes(value)) as Parameters<Counted['describe']>[0]);
      if (text !== null) found.push(text);
    }
  }
  compare(`task ${task.number} recounted`, found, expected.alerts);
  return expected.alerts.length;
}
