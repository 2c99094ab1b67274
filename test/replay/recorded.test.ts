import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { decodeJournalEntry } from '../../src/state/journal.js';
import { decodeKeyRecord } from '../../src/state/checkpoint.js';
import { readSavepoint } from '../../src/stream/savepoint/read-savepoint.js';
import { restoreSavepoint } from '../../src/stream/savepoint/restore.js';
import { SavepointFolder } from '../../src/stream/savepoint/savepoint-folder.js';
import { TaskWorld } from '../stream/task-world.js';
import { recordings, savepointDir, type RecordedRecord, type Recording } from './recording.js';
import { appendEvents, settled, SOURCES } from './replay-world.js';

jest.setTimeout(120_000);

let world: TaskWorld;

afterEach(() => world.close());

async function newWorld(recording: Recording, keyedPartitions = recording.keyedPartitions): Promise<void> {
  world = await TaskWorld.open({ keyedPartitions, taskSlots: recording.taskSlots + keyedPartitions });
  await world.log.admin.ensure(SOURCES.map(([topic, partitions]) => ({ topic, partitions })));
  await appendEvents(world.log, recording.before);
}

/** The alerts that come of what came after the recording. */
async function alertsAfter(recording: Recording): Promise<string[]> {
  const host = await world.start();
  await settled(world);
  expect([world.refusals, world.warnings]).toEqual([[], []]);
  await appendEvents(world.log, recording.after);
  await settled(world);
  host.abandon();
  return world.alerts();
}

const bytesOf = (text: string | null): Uint8Array | null => (text === null ? null : Uint8Array.from(Buffer.from(text, 'base64')));
const withoutWarm = (alerts: readonly string[]): string[] => alerts.map((alert) => alert.replace(/"warm":(true|false)/, '"warm":_')).sort();

async function fill({ records }: Recording): Promise<void> {
  for (const [topic, own] of Map.groupBy(records, ({ topic }) => topic)) {
    const offsets = await world.log.writer.append(world.topics[topic], own.map(({ partition, key, value }) => ({ partition, key: bytesOf(key), value: bytesOf(value) })));
    expect(offsets).toEqual(own.map(({ offset }) => offset));
  }
}

describe.each(recordings().map((recording) => [recording.release, recording] as const))('what release %s has written', (_, recording) => {
  it('is replayed after a crash, and the next events give the recorded alerts', async () => {
    await newWorld(recording);
    await fill(recording);
    expect(await alertsAfter(recording)).toEqual(recording.alerts);
  });

  it('is restored from its savepoint, and the next events give the recorded alerts', async () => {
    await newWorld(recording);
    const { keyedPartitions, topics, log } = world;
    await restoreSavepoint(await readSavepoint(new SavepointFolder(savepointDir(recording))), { log, topics, keyedPartitions, taskSlots: recording.taskSlots, progress: () => undefined });
    expect(await alertsAfter(recording)).toEqual(recording.alerts);
  });

  it('is restored on other keyed partitions likewise', async () => {
    await newWorld(recording, recording.keyedPartitions + 2);
    const { keyedPartitions, topics, log } = world;
    await restoreSavepoint(await readSavepoint(new SavepointFolder(savepointDir(recording))), { log, topics, keyedPartitions, taskSlots: recording.taskSlots + 2, progress: () => undefined });
    expect(withoutWarm(await alertsAfter(recording))).toEqual(withoutWarm(recording.alerts));
  });

  it('has entries with all their steps, and keys of most rules', async () => {
    await newWorld(recording);
    const of = (name: RecordedRecord['topic']): Uint8Array[] => recording.records.filter(({ topic }) => topic === name).flatMap(({ value }) => bytesOf(value) ?? []);
    const entries = of('journal').map(decodeJournalEntry);
    expect(new Set(entries.flatMap(({ steps }) => steps.map(({ kind }) => kind)))).toEqual(new Set(['control', 'take']));
    expect(entries.filter(({ sequence, floor }) => floor < sequence).length).toBeGreaterThan(20);
    const saved = await readSavepoint(new SavepointFolder(savepointDir(recording)));
    const parts = new Set<string>();
    let keys = 0;
    for (const { records } of saved.tasks) {
      for await (const record of records()) {
        keys++;
        for (const { id } of decodeKeyRecord(record).parts) parts.add(id);
      }
    }
    expect(keys).toBeGreaterThan(20);
    expect(parts.size).toBeGreaterThan(50);
  });
});
