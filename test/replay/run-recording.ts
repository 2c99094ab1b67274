import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../../src/event/stream-event.js';
import { systemClock } from '../../src/stream/clock.js';
import { assembleSavepoint } from '../../src/stream/savepoint/assembler.js';
import { SavepointFolders } from '../../src/stream/savepoint/savepoint-folder.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { TaskWorld } from '../stream/task-world.js';
import { dirOf, writeRecording, type RecordedEvent, type RecordedRecord } from './recording.js';
import { appendEvents, settled, SOURCES } from './replay-world.js';
import { REPLAYED_RULES } from './replayed-rules.js';

const EVENTS_BEFORE = 260;
const EVENTS_AFTER = 260;
const KEYED_PARTITIONS = 3;
const TASK_SLOTS = 8;
/** Mostly nothing is written of the keys, so that whoever opens the tasks has to replay. */
const LIMITS = { flushWithinMs: 3_600_000, keysPerTransactionMin: 2, trimEveryMs: Infinity };

/** Times go up; no two events have the same. */
function drawEvents(random: SimulatedRandom, from: number, count: number): RecordedEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const source = random.chance(0.8) ? 'pay' : 'login';
    const card = random.below(9);
    const ts = 1_000_000 + n * 170 + (random.chance(0.2) ? -random.below(300) * 1.5 : 0);
    const event = {
      id: `e${n}`, ts: Math.floor(ts) * 10 + (n % 10), type: source === 'login' ? 'login' : random.pick(['pay', 'pay', 'pay', 'open', 'close']), card: `c${card}`, user: `u${random.below(6)}`,
      device: `d${random.below(4)}`, amount: random.between(1, 70), openedAt: Math.floor(ts) * 10 - random.below(20_000),
    };
    return { source, partition: card % 2, event };
  });
}

/** Behind everything else, so that whoever waits for time goes on. */
function stragglers(n: number): RecordedEvent[] {
  return SOURCES.flatMap(([source, partitions]) => Array.from({ length: partitions }, (_, partition) => ({ source, partition, event: { id: `last-${source}-${partition}`, ts: 10_000_000 + n * 1_700 + 20_000, type: 'last', card: 'last', user: 'last', device: 'last', amount: 1 } })));
}

async function main(release: string): Promise<void> {
  const dir = dirOf(release);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const random = new SimulatedRandom(2026);
  const before = drawEvents(random, 0, EVENTS_BEFORE);
  const after = [...drawEvents(random, EVENTS_BEFORE, EVENTS_AFTER), ...stragglers(EVENTS_BEFORE + EVENTS_AFTER)];
  const world = await TaskWorld.open({ keyedPartitions: KEYED_PARTITIONS, taskSlots: TASK_SLOTS, limits: LIMITS });
  const definition: Record<string, JsonValue> = { disorder: 3_500, idleAfter: '12h', dedupe: '1h' };
  for (const [name, partitions] of SOURCES) await world.source(name, { ...definition, ...(name === 'pay' ? { partitionedBy: 'card' } : {}) }, partitions);
  await world.control({ kind: 'list', change: world.change(), name: 'watched', replace: true, set: [{ value: 'c1', expiresAt: null }], remove: [] });
  for (const rule of REPLAYED_RULES) await world.rule(rule);
  const folders = new SavepointFolders(dir);
  const host = await world.start({ parts: folders });
  await appendEvents(world.log, before);
  await settled(world);
  const records = await recordsOf(world);
  const alertsBefore = new Set(await world.alerts());
  await takeSavepoint(world, folders);
  await appendEvents(world.log, after);
  await settled(world);
  const alerts = (await world.alerts()).filter((alert) => !alertsBefore.has(alert));
  host.abandon();
  await world.close();
  writeRecording({ release, dir, keyedPartitions: KEYED_PARTITIONS, taskSlots: TASK_SLOTS, before, after, alerts, records });
  process.stdout.write(`${release}: ${before.length} events before, ${after.length} after, ${alertsBefore.size} alerts before, ${alerts.length} after, ${records.length} records\n`);
}

async function takeSavepoint(world: TaskWorld, folders: SavepointFolders): Promise<void> {
  const offset = (await world.records(world.topics.control)).length;
  await world.control({ kind: 'savepoint', change: world.change(), id: 'savepoint', at: 0 });
  const { log, topics, app, keyedPartitions } = world;
  await assembleSavepoint({ id: 'savepoint', offset, at: 0 }, folders.of('savepoint'), { reader: log.reader, topics, app, keyedPartitions, flags: 0, clock: systemClock, signal: new AbortController().signal, now: () => 0, progress: () => undefined });
}

/** Vigil's own topics as they are. */
async function recordsOf(world: TaskWorld): Promise<RecordedRecord[]> {
  const records: RecordedRecord[] = [];
  for (const topic of ['control', 'journal', 'state', 'rekey'] as const) {
    const partitions = (await world.log.admin.partitions(world.topics[topic])) ?? 0;
    for (let partition = 0; partition < partitions; partition++) {
      for (const { offset, key, value } of await world.records(world.topics[topic], partition)) records.push({ topic, partition, offset, key: base64(key), value: base64(value) });
    }
  }
  return records;
}

const base64 = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('base64'));

const [release] = process.argv.slice(2);
if (release === undefined) {
  process.stderr.write(`name the release: its recording goes to ${join(dirOf('RELEASE'))}\n`);
  process.exitCode = 1;
} else await main(release);
