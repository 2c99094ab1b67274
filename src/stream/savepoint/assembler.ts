import { FrameReader } from '../../engine/rekey/rekey-frame.js';
import { decodeUtf8, encodeUtf8 } from '../../state/bytes.js';
import { decodeJournalEntry } from '../../state/journal.js';
import { BlockWriter, decodeSavepointPart, type SavepointPart } from '../../state/savepoint.js';
import type { Clock } from '../clock.js';
import { readControl } from '../tasks/control-reader.js';
import { readRange } from '../inputs/input-pump.js';
import { OffsetOutOfRangeError, type LogReader } from '../log.js';
import { NeededTasks } from '../needed-tasks.js';
import type { Topics } from '../topics.js';
import { endsOf } from '../until-answered.js';
import type { Manifest } from './manifest.js';
import { partFile, type SavepointFiles } from './savepoint-files.js';

/** A savepoint that cannot become complete any more: another may be asked for. */
export class SavepointLostError extends Error {
  override readonly name = 'SavepointLostError';
}

/** A savepoint as the control topic has it. */
export interface SavepointPlace {
  readonly id: string;
  /** place of its record in the control topic */
  readonly offset: number;
  /** when it was asked for, epoch ms */
  readonly at: number;
}

/** How far it has come. */
export interface AssemblyStanding {
  /** tasks that have a part in it */
  readonly tasks: number;
  /** those whose part is not there yet */
  readonly waitingFor: readonly number[];
  /** size of the parts that are there */
  readonly bytes: number;
}

export interface AssemblyOptions {
  readonly reader: LogReader;
  readonly topics: Topics;
  readonly app: string;
  readonly keyedPartitions: number;
  readonly flags: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** wall clock, epoch ms */
  readonly now: () => number;
  readonly progress: (standing: AssemblyStanding) => void;
}

/** Between two looks whether a task has got so far, ms. */
const LOOK_EVERY_MS = 100;
const READ_BYTES = 1 << 20;

/**
 * Makes a savepoint complete: waits until every task that had work has committed the entry that begins with the savepoint's record, takes
 * the part that this entry's writer wrote before, adds the frames that were sent before it and not taken yet, and writes the manifest.
 * Several may do so at once: they write the same.
 * @throws SavepointLostError when a part, or what must be read of the log, is not there any more
 */
export async function assembleSavepoint(place: SavepointPlace, folder: SavepointFiles, options: AssemblyOptions): Promise<Manifest> {
  const ending = new AbortController();
  try {
    return await assemble(place, folder, { ...options, signal: AbortSignal.any([options.signal, ending.signal]) });
  } finally {
    // where one of its parts fails the others go no further
    ending.abort();
  }
}

async function assemble(place: SavepointPlace, folder: SavepointFiles, options: AssemblyOptions): Promise<Manifest> {
  const { lines, tasks } = await readControlTo(place.offset, options);
  const waiting = new Set(tasks);
  let bytes = 0;
  const tell = (): void => options.progress({ tasks: tasks.length, waitingFor: [...waiting], bytes });
  tell();
  const found = tasks.map(async (task) => {
    const part = await partOf(task, place, folder, options);
    waiting.delete(task);
    bytes += part.entry.bytes;
    tell();
    return part;
  });
  const allFound = Promise.all(found);
  const frames = tasks.filter((task) => task < options.keyedPartitions).map(async (partition, i) => writeFrames(partition, await (found[i] as Promise<FoundPart>), allFound, place, folder, options));
  const [parts, frameFiles] = await Promise.all([allFound, Promise.all(frames)]);
  const control = await folder.write('control.ndjson', [encodeUtf8(lines.map((line) => `${line}\n`).join(''))]);
  const { app, flags, keyedPartitions } = options;
  const manifest: Manifest = {
    format: 1,
    id: place.id,
    app,
    createdAt: place.at,
    completedAt: options.now(),
    flags,
    keyedPartitions,
    control: { ...control, records: lines.length },
    tasks: parts.map(({ entry }) => entry),
    frames: frameFiles,
  };
  await folder.complete(manifest);
  return manifest;
}

interface FoundPart {
  readonly part: SavepointPart;
  readonly entry: Manifest['tasks'][number];
}

/** The records before the savepoint's own, and the tasks that had work then. */
async function readControlTo(offset: number, { reader, clock, signal, topics, keyedPartitions }: AssemblyOptions): Promise<{ readonly lines: readonly string[]; readonly tasks: readonly number[] }> {
  const needed = new NeededTasks(keyedPartitions);
  const lines: string[] = [];
  await readRange(reader, clock, signal, topics.control, 0, 0, offset, (record) => {
    const change = readControl(record);
    if (change !== null) needed.apply(change, record.offset);
    // what is written in its place at a restore must stand at the same offset
    while (lines.length < record.offset) lines.push('null');
    lines.push(change === null ? 'null' : JSON.stringify(JSON.parse(decodeUtf8(record.value as Uint8Array))));
  });
  while (lines.length < offset) lines.push('null');
  return { lines, tasks: needed.numbers };
}

async function partOf(task: number, place: SavepointPlace, folder: SavepointFiles, options: AssemblyOptions): Promise<FoundPart> {
  const writer = await writerOf(task, place, options);
  const file = partFile(task, writer);
  if (!(await folder.has(file))) {
    throw new SavepointLostError(`the part of task ${task} is not in ${folder.dir}: it could not be written, or the process that runs the task has another folder. All processes that run tasks must share VIGIL_SAVEPOINT_DIR`);
  }
  let part: SavepointPart | null = null;
  let keys = -1;
  for await (const block of folder.blocks(file)) {
    part ??= decodeSavepointPart(block);
    keys++;
  }
  if (part === null || part.task !== task || part.savepoint !== place.id || part.controlPosition !== place.offset) throw new SavepointLostError(`the part of task ${task} in ${folder.dir} is of another savepoint`);
  return { part, entry: { task, ...(await folder.measure(file)), keys } };
}

/** Who wrote the entry that begins with the savepoint's record: waits until there is one. */
async function writerOf(task: number, { offset }: SavepointPlace, { reader, topics, clock, signal }: AssemblyOptions): Promise<string> {
  let position: number | null = null;
  for (;;) {
    signal.throwIfAborted();
    try {
      position ??= (await endsOf(reader, topics.journal, task))?.start ?? 0;
      const fetched = await reader.read(topics.journal, task, position, { maxBytes: READ_BYTES, maxWaitMs: LOOK_EVERY_MS, signal });
      for (const { value } of fetched.records) {
        const { steps: [first], controlPosition, writer } = decodeJournalEntry(value as Uint8Array);
        if (controlPosition <= offset) continue;
        if (first?.kind === 'control' && first.from <= offset && offset < first.to) return writer;
        throw new SavepointLostError(`the journal of task ${task} no longer has the entry that begins with the savepoint`);
      }
      position = fetched.nextOffset;
    } catch (error) {
      if (error instanceof OffsetOutOfRangeError) position = null;
      else if (error instanceof SavepointLostError) throw error;
      else await clock.sleep(LOOK_EVERY_MS, signal);
    }
  }
}

/** Frames that were sent before the savepoint and not taken: read while the others write their parts, since they may be dropped soon after. */
async function writeFrames(partition: number, { part }: FoundPart, allFound: Promise<unknown>, place: SavepointPlace, folder: SavepointFiles, options: AssemblyOptions): Promise<Manifest['frames'][number]> {
  const { reader, topics, clock, signal } = options;
  let frames = 0;
  let isLast = false;
  void allFound.then(
    () => (isLast = true),
    () => undefined,
  );
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const out = new BlockWriter();
    let position = part.positions.get(`rekey/${partition}`) ?? 0;
    let until: number | null = null;
    while (until === null || position < until) {
      signal.throwIfAborted();
      if (isLast && until === null) until = (await reader.written(topics.rekey))[partition] ?? 0;
      if (until !== null && position >= until) break;
      const fetched = await reader.read(topics.rekey, partition, position, { maxBytes: READ_BYTES, maxWaitMs: LOOK_EVERY_MS, signal });
      for (const { value } of fetched.records) {
        if (value === null || new FrameReader(value).header.control > place.offset) continue;
        out.add(value);
        frames++;
      }
      if (out.sizeBytes > 0) yield out.take();
      if (fetched.nextOffset === position) await clock.sleep(LOOK_EVERY_MS, signal);
      position = fetched.nextOffset;
    }
    yield out.end();
  }
  try {
    return { ...(await folder.write(`rekey-${partition}.frames`, pieces())), partition, frames };
  } catch (error) {
    if (error instanceof OffsetOutOfRangeError) throw new SavepointLostError(`frames on their way to task ${partition} have been dropped meanwhile`);
    throw error;
  }
}
