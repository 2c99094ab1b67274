import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import type { Log, NewRecord, TaskProducer } from '../../src/stream/log.js';
import { eventually, readAll } from '../contract/log-contract.js';
import { freePorts, killNode, reapWhenUnused, registerUser, restartNode, startBroker, stopBroker } from '../kafka/broker.js';
import type { BrokerOptions } from '../kafka/broker.js';
import { startFaultProxy } from '../kafka/fault-proxy.js';

/** Three brokers of this file's own, which it may kill. */
let cluster: BrokerOptions;
let brokers: string[];
let log: Log;
const app = `cluster-${randomUUID()}`;
const PARTITIONS = [0, 1, 2, 3, 4, 5];

beforeAll(async () => {
  const dataDir = resolve(`.vigil/test-cluster-${process.pid}`);
  cluster = { dataDir, nodes: 3, port: await freePorts(6) };
  brokers = (await startBroker(cluster)).brokers.split(',');
  registerUser(dataDir);
  reapWhenUnused(dataDir);
  log = await openKafkaLog({ brokers, clientId: 'cluster', app, journalTopic: `${app}.journal`, taskSlots: 6 });
}, 240_000);
afterAll(async () => {
  await log.close();
  await stopBroker(cluster.dataDir);
  rmSync(cluster.dataDir, { recursive: true, force: true });
}, 60_000);

const text = (value: Uint8Array | null): string => Buffer.from(value!).toString();

async function newTopic(partitions = PARTITIONS.length): Promise<string> {
  const topic = `${app}-${randomUUID()}`;
  await log.admin.ensure([{ topic, partitions }]);
  return topic;
}

/** Tries again after what the port calls transient. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resume) => setTimeout(resume, 20));
    }
  }
}

/**
 * A task in small: numbered transactions over six partitions and a journal. After an outcome that is not known it fences and
 * looks into the journal, and sends the same again if the number is not there.
 */
async function runTask(topic: string, journal: string, id: string, isOver: () => boolean): Promise<number> {
  const producer: TaskProducer = log.taskProducer(id);
  await patiently(() => producer.fence());
  let number = 0;
  while (!isOver()) {
    const records = PARTITIONS.map((partition): NewRecord => ({ partition, key: id, value: `${id} ${number}` }));
    const outcome = await producer.transact([{ topic, records }, { topic: journal, records: [{ partition: 0, key: id, value: String(number) }] }]);
    expect(outcome).not.toBe('fenced');
    if (outcome === 'committed') number += 1;
    else {
      await patiently(() => producer.fence());
      const written = await patiently(() => readAll(log, journal, 0));
      if (written.some(({ key, value }) => text(key) === id && text(value) === String(number))) number += 1;
    }
  }
  await producer.close();
  return number;
}

async function runReader(topic: string, partition: number, isOver: () => boolean): Promise<string[]> {
  const seen: string[] = [];
  for (let position = 0; ; ) {
    const over = isOver();
    const fetched = await patiently(() => log.reader.read(topic, partition, position, { maxBytes: 1 << 20, maxWaitMs: 200 }));
    seen.push(...fetched.records.map(({ value }) => text(value)));
    position = fetched.nextOffset;
    if (over && position === fetched.endOffset) return seen;
  }
}

async function runWriter(topic: string, isOver: () => boolean): Promise<string[]> {
  const written: string[] = [];
  for (let number = 0; !isOver(); number++) {
    await patiently(() => log.writer.append(topic, PARTITIONS.map((partition) => ({ partition, key: null, value: `plain ${number}` }))));
    written.push(`plain ${number}`);
  }
  return written;
}

describe('three brokers', () => {
  it('make topics with three replicas, of which two must be in sync', async () => {
    const topic = await newTopic();
    const producer = log.taskProducer('replicas');
    await killNode(cluster.dataDir, 3);
    try {
      await patiently(() => producer.fence());
      await patiently(async () => {
        const outcome = await producer.transact([{ topic, records: PARTITIONS.map((partition) => ({ partition, key: null, value: 'a' })) }]);
        if (outcome === 'committed') return;
        await producer.fence();
        throw new Error(outcome);
      });
      for (const partition of PARTITIONS) await eventually(async () => expect((await patiently(() => readAll(log, topic, partition))).map(({ value }) => text(value))).toEqual(['a']));
    } finally {
      await restartNode(cluster, 3);
    }
  }, 120_000);

  it('are killed one after the other: every transaction and append is there once and in order, and the member keeps its tasks', async () => {
    const [topic, plain, journal] = [await newTopic(), await newTopic(), await newTopic(1)];
    const told: string[] = [];
    await log.membership.join({
      onAssigned: (tasks) => void told.push(`+${tasks.join()}`),
      onRevoked: (tasks) => void told.push(`-${tasks.join()}`),
      onLost: (reason) => void told.push(`!${reason.message}`),
    });
    let isOver = false;
    let writersOver = false;
    const over = (): boolean => isOver;
    const tasks = ['a', 'b', 'c'].map((id) => runTask(topic, journal, id, over));
    const writing = runWriter(plain, over);
    const readers = PARTITIONS.map((partition) => runReader(topic, partition, () => writersOver));
    const plainReaders = PARTITIONS.map((partition) => runReader(plain, partition, () => writersOver));
    for (const node of [1, 2, 3]) {
      await killNode(cluster.dataDir, node);
      await progress(topic);
      await restartNode(cluster, node);
      await progress(topic);
    }
    isOver = true;
    const counts = await Promise.all(tasks);
    const written = await writing;
    writersOver = true;
    for (const seen of await Promise.all(readers)) {
      for (const [i, id] of ['a', 'b', 'c'].entries()) {
        expect(seen.filter((value) => value.startsWith(id))).toEqual(Array.from({ length: counts[i]! }, (_, number) => `${id} ${number}`));
      }
    }
    for (const seen of await Promise.all(plainReaders)) expect([...new Set(seen)]).toEqual(written);
    expect(told).toEqual(['+0,1,2,3,4,5']);
    await log.membership.leave();
  }, 240_000);

  it('are all away and come back: reading and writing go on', async () => {
    const topic = await newTopic();
    await log.writer.append(topic, [{ partition: 0, key: null, value: 'before' }]);
    for (const node of [1, 2, 3]) await killNode(cluster.dataDir, node);
    await expect(log.reader.read(topic, 0, 0, { maxBytes: 1000, maxWaitMs: 0 })).rejects.toThrow('ECONNREFUSED');
    const after = (): Promise<readonly number[]> => log.writer.append(topic, [{ partition: 0, key: null, value: 'after' }]);
    const writing = after();
    // a start that takes longer than the writer is patient: it has refused, written nothing, and takes the same again
    writing.catch(() => undefined);
    await startBroker(cluster);
    expect(await writing.catch(() => patiently(after))).toEqual([1]);
    expect((await patiently(() => readAll(log, topic, 0))).map(({ value }) => text(value))).toEqual(['before', 'after']);
  }, 120_000);
});

describe('K3: a second broker that is slow', () => {
  it('is waited for; nothing is sent twice', async () => {
    const topic = await newTopic();
    const proxy = await startFaultProxy(brokers);
    const slow = await openKafkaLog({ brokers: proxy.brokers, clientId: 'slow', app, journalTopic: 'none', taskSlots: 1 });
    const producer = slow.taskProducer('slow');
    await producer.fence();
    const asked: string[] = [];
    proxy.fate = ({ api, broker }) => {
      if (api !== 'Produce') return 'pass';
      asked.push(broker);
      return { delayMs: asked.length * 300 };
    };
    expect(await producer.transact([{ topic, records: PARTITIONS.map((partition) => ({ partition, key: null, value: 'a' })) }])).toBe('committed');
    expect(asked.toSorted()).toEqual(brokers.toSorted());
    for (const partition of PARTITIONS) await eventually(async () => expect((await readAll(log, topic, partition)).map(({ value }) => text(value))).toEqual(['a']));
    await slow.close();
    await proxy.close();
  }, 60_000);
});

/** Waits until there is more in every partition than now. */
async function progress(topic: string): Promise<void> {
  const before = await patiently(() => log.reader.ends(topic));
  await eventually(async () => {
    const now = await patiently(() => log.reader.ends(topic));
    for (const { partition, end } of now) expect(end).toBeGreaterThan(before[partition]!.end + 3);
  }, 60_000);
}
