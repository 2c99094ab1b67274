import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/stream/clock.js';
import type { Log } from '../../src/stream/log.js';
import { SavepointAssembly } from '../../src/stream/savepoint/assembly.js';
import { readSavepoint, type ReadSavepoint } from '../../src/stream/savepoint/read-savepoint.js';
import { restoreSavepoint } from '../../src/stream/savepoint/restore.js';
import { SavepointFolders, type SavepointFolder } from '../../src/stream/savepoint/savepoint-folder.js';
import type { TaskHost } from '../../src/stream/tasks/task-host.js';
import { topicsOf } from '../../src/stream/topics.js';
import { eventually } from '../contract/log-contract.js';
import { TaskWorld } from './task-world.js';

jest.setTimeout(60_000);

const RULES = [
  { id: 'by-card', from: 'pay', key: 'card', let: { n: { count: true, window: '1h' } }, when: { fact: 'n', operator: 'greaterThan', value: 2 }, alert: { type: 'many', include: ['n'] } },
  { id: 'by-device', from: 'pay', key: 'device', let: { n: { count: true, window: '1h' } }, when: { fact: 'n', operator: 'greaterThan', value: 2 }, alert: { type: 'many', include: ['n'] } },
];
const payments = (from: number, count: number) => Array.from({ length: count }, (_, i) => ({ id: `e${from + i}`, ts: 1_000 + from + i, type: 'p', card: `c${(from + i) % 5}`, device: `d${(from + i) % 3}` }));

let world: TaskWorld;
let folders: SavepointFolders;
const dirs: string[] = [];
const hosts: TaskHost[] = [];
const assemblies: SavepointAssembly[] = [];

async function newWorld(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'vigil-savepoints-'));
  dirs.push(dir);
  folders = new SavepointFolders(dir);
  world = await TaskWorld.open({ taskSlots: 8 });
  await world.source('pay', { partitionedBy: 'card', idleAfter: '1h' }, 2);
  for (const rule of RULES) await world.rule(rule);
}

afterEach(async () => {
  await Promise.all(assemblies.splice(0).map((assembly) => assembly.stop()));
  for (const host of hosts.splice(0)) host.abandon();
  await world.close();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

async function start(parts = folders): Promise<TaskHost> {
  const host = await world.start({ parts });
  hosts.push(host);
  return host;
}

async function ask(id: string): Promise<SavepointFolder> {
  await world.control({ kind: 'savepoint', change: world.change(), id, at: 5 });
  return folders.of(id);
}

function assemble(host: TaskHost): SavepointAssembly {
  const { log, topics, app } = world;
  const assembly = new SavepointAssembly({ reader: log.reader, topics, app, flags: 0, clock: systemClock, folders, control: host.control, logger: { info: () => undefined, warn: () => undefined } });
  assemblies.push(assembly);
  assembly.start();
  return assembly;
}

/** Every task has committed the entry that begins with the latest control record. */
async function taken(host: TaskHost): Promise<void> {
  const [{ end } = { end: 0 }] = await world.log.reader.ends(world.topics.control);
  await eventually(() => {
    expect(host.runners.map(({ committedStanding }) => committedStanding?.controlPosition)).toEqual([end, end, end, end]);
  });
}

async function complete(): Promise<ReadSavepoint> {
  await newWorld();
  const host = await start();
  await world.append('pay', payments(0, 40));
  await eventually(async () => expect((await world.alerts()).length).toBeGreaterThan(60));
  const folder = await ask('s');
  assemble(host);
  await eventually(async () => expect((await folder.manifest())?.id).toBe('s'));
  host.abandon();
  return readSavepoint(folder);
}

describe('a savepoint that is being taken', () => {
  it('is completed by a process that comes after the tasks have written their parts, and by two at once', async () => {
    await newWorld();
    const first = await start();
    await world.append('pay', payments(0, 40));
    const folder = await ask('s');
    await taken(first);
    await first.drain();
    expect(await folder.manifest()).toBeNull();
    const second = await start();
    assemble(second);
    assemble(second);
    await eventually(async () => expect((await folder.manifest())?.tasks.map(({ task }) => task)).toEqual([0, 1, 2, 3]));
    const saved = await readSavepoint(folder);
    await eventually(() => expect(readdirSync(folder.dir).sort()).toEqual(['control.ndjson', 'manifest.json', 'rekey-0.frames', 'rekey-1.frames', ...saved.manifest.tasks.map(({ file }) => file)].sort()));
    expect(saved.manifest).toMatchObject({ format: 1, id: 's', app: 'w', createdAt: 5, keyedPartitions: 2, control: { records: 3 } });
  });

  it('tells whom it waits for', async () => {
    await newWorld();
    const host = await start();
    await taken(host);
    host.abandon();
    const follower = await world.start({ log: { ...world.log, membership: { join: async () => undefined, leave: async () => undefined } } as Log });
    hosts.push(follower);
    await ask('s');
    const assembly = assemble(follower);
    await eventually(() => expect(assembly.standing('s')?.standing).toEqual({ tasks: 4, waitingFor: [0, 1, 2, 3], bytes: 0 }));
  });

  it('fails, and the tasks go on, where parts cannot be written or are not where they are looked for', async () => {
    await newWorld();
    const full: SavepointFolders = Object.assign(new SavepointFolders(folders.dir), { write: () => Promise.reject(new Error('no space left on device')) });
    const host = await start(full);
    const folder = await ask('s');
    assemble(host);
    await eventually(async () => expect(await folder.failure()).toMatch(/^the part of task \d is not in .*: it could not be written, or .* must share VIGIL_SAVEPOINT_DIR$/));
    expect(world.warnings.filter((line) => line.includes('a part of a savepoint could not be written')).every((line) => line.includes('no space left on device'))).toBe(true);
    await world.append('pay', payments(0, 40));
    await eventually(async () => expect((await world.alerts()).length).toBeGreaterThan(60));
  });

  it('ends where it is removed, and what comes later is not kept', async () => {
    await newWorld();
    const folder = folders.of('s');
    await folder.remove();
    const host = await start();
    await ask('s');
    const assembly = assemble(host);
    await taken(host);
    await eventually(() => expect(assembly.standing('s')).toBeNull());
    expect(readdirSync(folder.dir)).toEqual(['failed.json']);
    expect(await folder.isRemoved()).toBe(true);
  });
});

describe('a savepoint that an application cannot go on from is refused', () => {
  const refusal = (saved: ReadSavepoint, log: Log, more: { taskSlots?: number; keyedPartitions?: number; app?: string } = {}): Promise<string> =>
    restoreSavepoint(saved, { log, topics: topicsOf(more.app ?? 'other'), taskSlots: 8, keyedPartitions: 2, progress: () => undefined, ...more }).then(
      () => 'restored',
      (error: unknown) => (error as Error).message,
    );

  it('where its topics have records, its slots are too few, or a source has other partitions or offsets', async () => {
    const saved = await complete();
    const { log } = world;
    expect(await refusal(saved, log, { app: 'w' })).toMatch(/^savepoint\.unfit found=records in w\.control expected=an application that has none /);
    expect(await refusal(saved, log, { taskSlots: 5, keyedPartitions: 4 })).toMatch(/^savepoint\.unfit found=6 tasks: .* expected=at most 5 advice=set VIGIL_TASK_SLOTS higher/);
    await world.append('pay', payments(40, 40));
    for (const { partition, end } of await log.reader.ends('pay')) await log.admin.trim('pay', partition, end);
    expect(await refusal(saved, log)).toMatch(/^savepoint\.unfit found=offsets \d+ to \d+ of pay\/[01] expected=offset \d+, from where source pay is read on advice=the topic has dropped what came since/);
    const elsewhere = await TaskWorld.open({ app: 'elsewhere' });
    try {
      expect(await refusal(saved, elsewhere.log)).toMatch(/^savepoint\.unfit found=no topic pay expected=the 2 that source pay had /);
      await elsewhere.log.admin.ensure([{ topic: 'pay', partitions: 3 }]);
      expect(await refusal(saved, elsewhere.log)).toMatch(/^savepoint\.unfit found=3 partitions of pay expected=the 2 that source pay had /);
    } finally {
      await elsewhere.close();
    }
    const empty = await TaskWorld.open({ app: 'empty' });
    try {
      await empty.log.admin.ensure([{ topic: 'pay', partitions: 2 }]);
      expect(await refusal(saved, empty.log)).toMatch(/^savepoint\.unfit found=offsets 0 to 0 of pay\/[01] expected=offset \d+, .* advice=this is not the log that the savepoint was taken of$/);
    } finally {
      await empty.close();
    }
  });
});
