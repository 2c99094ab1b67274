import { afterEach, describe, expect, it } from '@jest/globals';
import type { TaskHost } from '../../src/stream/tasks/task-host.js';
import { eventually } from '../contract/log-contract.js';
import { TaskWorld } from './task-world.js';

const MANY = { id: 'many', from: 'pay', key: 'card', let: { n: { count: true, window: '1h' } }, when: { fact: 'n', operator: 'greaterThan', value: 1 }, alert: { type: 'many' } };
const BY_DEVICE = { ...MANY, id: 'by-device', key: 'device' };
const payments = (from: number, count: number) => Array.from({ length: count }, (_, i) => ({ id: `e${from + i}`, ts: 1_000 + from + i, type: 'p', card: `c${(from + i) % 5}`, device: `d${(from + i) % 3}` }));

let world: TaskWorld;
const hosts: TaskHost[] = [];

afterEach(async () => {
  for (const host of hosts.splice(0)) host.abandon();
  await world.close();
});

async function start(): Promise<TaskHost> {
  const host = await world.start();
  hosts.push(host);
  return host;
}

const ADVICE = /advice=the topic keeps less than a crash and its downtime need: /;

describe('a task over the embedded log, when its source has been cut', () => {
  it('refuses to open when it must replay what is gone, says which offsets, and writes nothing', async () => {
    world = await TaskWorld.open({ limits: { flushWithinMs: 3_600_000, keysPerTransactionMin: 0 } });
    await world.source('pay', { partitionedBy: 'card' });
    await world.rule(MANY);
    const first = await start();
    await eventually(async () => expect(await world.records(world.topics.journal, 2)).toHaveLength(1));
    await world.append('pay', payments(0, 20));
    await eventually(async () => expect(await world.alerts()).toHaveLength(15));
    await world.append('pay', payments(20, 20));
    await eventually(async () => expect(await world.alerts()).toHaveLength(35));
    first.abandon();
    await world.log.admin.trim('pay', 0, 30);
    await start();
    await eventually(() => expect(world.refusals[0]).toMatch(/^task\.position-lost task=2 found=offsets 30 to 40 of pay\/0 expected=offset 0, needed to replay what was taken /));
    expect(world.refusals[0]).toMatch(ADVICE);
    expect(await world.alerts()).toHaveLength(35);
  });

  it('refuses to go on when what comes next is gone, and not before what there was is taken', async () => {
    world = await TaskWorld.open();
    await world.source('pay', { partitionedBy: 'card' });
    await world.rule(MANY);
    const first = await start();
    await world.append('pay', payments(0, 20));
    await eventually(async () => expect(await world.alerts()).toHaveLength(15));
    await first.drain();
    await world.append('pay', payments(20, 20));
    await world.log.admin.trim('pay', 0, 30);
    await start();
    await eventually(() => expect(world.refusals[0]).toMatch(/^task\.position-lost task=2 found=offsets 30 to 40 of pay\/0 expected=offset 20, the next to be read /));
    expect(await world.alerts()).toHaveLength(15);
  });

  it('refuses a journal that came back empty instead of saying everything again', async () => {
    world = await TaskWorld.open();
    await world.source('pay', { partitionedBy: 'card' });
    await world.rule(MANY);
    const first = await start();
    await world.append('pay', payments(0, 20));
    await eventually(async () => expect(await world.alerts()).toHaveLength(15));
    await first.drain();
    const { end } = (await world.log.reader.ends(world.topics.journal))[2] as { end: number };
    await world.log.admin.trim(world.topics.journal, 2, end);
    await start();
    await eventually(() => expect(world.refusals[0]).toMatch(/^task\.position-lost task=2 found=an empty journal that begins at offset \d+ expected=the entries that were there advice=topic w\.journal was made anew/));
    expect(await world.alerts()).toHaveLength(15);
  });
});

describe('what no replay needs', () => {
  it('goes from the journal and from the frames of keyed tasks', async () => {
    world = await TaskWorld.open({ keyedPartitions: 1, limits: { trimEveryMs: 50, flushWithinMs: 100, keysPerTransactionMin: 1_000, quietCommitMs: 50 } });
    await world.source('pay', { partitionedBy: 'card', idleAfter: 20 }, 2);
    await world.rule(BY_DEVICE);
    const host = await start();
    let appended = 0;
    const append = async (count: number): Promise<void> => {
      await world.append('pay', payments(appended, count));
      appended += count;
      await eventually(async () => expect(await world.alerts()).toHaveLength(appended - 3));
    };
    await append(20);
    const startOf = async (topic: string): Promise<number> => (await world.log.reader.ends(topic))[0]?.start ?? 0;
    await eventually(async () => {
      await append(1);
      expect([(await startOf(world.topics.journal)) > 0, (await startOf(world.topics.rekey)) > 0]).toEqual([true, true]);
    });
    host.abandon();
    const again = await start();
    await eventually(() => expect(again.notReady).toBeNull());
    await append(3);
    expect(world.refusals).toEqual([]);
  });
});
