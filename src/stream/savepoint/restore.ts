import { stateKey } from '../../engine/groups/key-state.js';
import type { ControlRecord } from '../../engine/control/control.js';
import { layoutRecord } from '../../engine/checkpoint/state-record.js';
import { encodeJournalEntry } from '../../state/journal.js';
import { decodeKeyHeader } from '../../state/checkpoint.js';
import type { SavepointPart } from '../../state/savepoint.js';
import type { Log, LogWriter, NewRecord } from '../log.js';
import type { Topics } from '../topics.js';
import { CountedAppends } from './counted-appends.js';
import { requireFit } from './fit.js';
import type { ReadSavepoint } from './read-savepoint.js';
import { placedAsBefore, rescaled, type Placed, type Placement } from './rescale.js';

export interface RestoreOptions {
  readonly log: Log;
  /** of the new application; those that are there are empty */
  readonly topics: Topics;
  readonly taskSlots: number;
  /** partitions of the new re-key topic */
  readonly keyedPartitions: number;
  /** changes of rules that come after everything that the savepoint has */
  readonly then?: readonly ControlRecord[];
  /** everything is checked and read, nothing is written */
  readonly dryRun?: boolean;
  readonly progress: (said: string) => void;
}

export interface Restored {
  readonly tasks: number;
  readonly keys: number;
  readonly frames: number;
  /** all of the control topic, in order, without what is no record */
  readonly control: readonly ControlRecord[];
  /** what is not quite as it was, in words */
  readonly warnings: readonly string[];
}

/**
 * Writes a savepoint into the empty topics of a new application, so that its tasks open as if they had come to that place themselves:
 * state, frames on their way, journals, and at last the control topic, without which no task is opened. What was cut off half way is
 * therefore no application, and can be made anew under another name.
 * @throws EngineError `savepoint.unfit` where the new application cannot hold it, `state.unknown-format` for bytes that cannot be read
 */
export async function restoreSavepoint(savepoint: ReadSavepoint, options: RestoreOptions): Promise<Restored> {
  const { manifest, control } = savepoint;
  const { topics, progress, then = [] } = options;
  const warnings = await requireFit(savepoint, options);
  const { parts, records, frames } = placementOf(savepoint, options);
  const appends = new CountedAppends(options.dryRun === true ? nowhere() : options.log.writer);
  progress('the state of the keys');
  await appends.all(topics.state, parts.map(({ task, layout }) => ({ partition: task, ...layoutRecord(layout) })));
  const keys = await appends.all(topics.state, keyRecords(records(), progress));
  progress('re-keyed events on their way');
  const framesWritten = await appends.all(topics.rekey, frameRecords(frames()));
  progress('journals');
  await appends.all(topics.journal, parts.map((part) => ({ partition: part.task, key: null, value: entryOf(part, manifest.id, manifest.createdAt) })));
  progress('rules, sources and lists');
  const lines = [...control.lines, 'null', ...then.map((record) => JSON.stringify(record))];
  await appends.all(topics.control, lines.map((value) => ({ partition: 0, key: null, value })));
  return { tasks: parts.length, keys, frames: framesWritten, control: [...control.records.map(({ record }) => record), ...then], warnings };
}

/** What the tasks of the new application open from. */
export function placementOf({ manifest, control, tasks }: ReadSavepoint, { keyedPartitions }: Pick<RestoreOptions, 'keyedPartitions'>): Placement {
  if (manifest.keyedPartitions === keyedPartitions) return placedAsBefore(tasks);
  return rescaled(tasks, control, { from: manifest.keyedPartitions, to: keyedPartitions });
}

/** Keys between two words of progress. */
const KEYS_PER_WORD = 100_000;

async function* keyRecords(records: AsyncIterable<Placed>, progress: (said: string) => void): AsyncGenerator<NewRecord> {
  let keys = 0;
  for await (const { task, value } of records) {
    const { group, key } = decodeKeyHeader(value);
    if (++keys % KEYS_PER_WORD === 0) progress(`${keys} keys`);
    yield { partition: task, key: stateKey(group, key), value: value.slice() };
  }
}

async function* frameRecords(frames: AsyncIterable<Placed>): AsyncGenerator<NewRecord> {
  for await (const { task, value } of frames) yield { partition: task, key: null, value: value.slice() };
}

/** The entry on which the task stands when it opens: as the last before the savepoint, with the savepoint's record behind it. */
function entryOf({ task, sequence, positions, controlPosition, time, flags }: SavepointPart, id: string, createdAt: number): Uint8Array {
  const inputs = [...positions.keys()];
  return encodeJournalEntry({
    sequence,
    writer: `restored from ${id}`,
    inputs,
    steps: [],
    // frames on their way are the first of the new topic
    positions: inputs.map((input) => (input === `rekey/${task}` ? 0 : (positions.get(input) as number))),
    controlPosition: controlPosition + 1,
    time,
    floor: sequence + 1,
    floorTimeMs: createdAt,
    digest: new Uint32Array(0),
    flags,
  });
}

/** Takes everything and keeps nothing. */
function nowhere(): Pick<LogWriter, 'append'> {
  const ends = new Map<string, number>();
  return {
    append: async (topic, records) =>
      records.map(({ partition }) => {
        const offset = ends.get(`${topic}/${partition}`) ?? 0;
        ends.set(`${topic}/${partition}`, offset + 1);
        return offset;
      }),
  };
}
