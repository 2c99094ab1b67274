import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import type { Log, LogRecord } from '../../src/stream/log.js';
import { Cluster } from '../../src/stream/kafka/cluster.js';
import { createTopicsRequest } from '../../src/stream/kafka/wire/topic-requests.js';
import { eventually, readAll } from '../contract/log-contract.js';
import { peer, peerReads } from '../kafka/peer.js';
import { testBroker } from '../kafka/test-broker.js';

let brokers: string[];
let log: Log;
let topic: string;

beforeAll(async () => {
  brokers = await testBroker();
  log = await openKafkaLog({ brokers, clientId: 'reading', app: `reading-${randomUUID()}`, journalTopic: 'none', taskSlots: 1 });
}, 180_000);
afterAll(() => log.close());

const newTopic = async (): Promise<void> => {
  topic = `reading-${randomUUID()}`;
  await log.admin.ensure([{ topic, partitions: 1 }]);
};

const text = (part: Uint8Array | null): string | null => part && Buffer.from(part).toString('utf8');
const seen = (records: readonly LogRecord[]): unknown[] => records.map(({ offset, key, value }) => [offset, text(key), text(value)]);

describe.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('%s', (codec) => {
  it('reads what librdkafka has compressed, in small fetches too', async () => {
    await newTopic();
    await peer('produce', brokers.join(','), topic, codec, '3000');
    const expected = Array.from({ length: 3_000 }, (_, i) => [i, `k${i}`, `v${i} ${'lorem ipsum '.repeat(i % 40)}`]);
    const records = await readAll(log, topic, 0);
    expect(seen(records)).toEqual(expected);
    expect(records.map(({ headers }) => text(headers!['n']!))).toEqual(expected.map((_, i) => String(i)));
    expect(seen(await readAll(log, topic, 0, 1_234, 2_000))).toEqual(expected.slice(1_234));
  }, 60_000);
});

describe('K1: transactions of four producers, committed and aborted in any order', () => {
  it.each([1, 2, 3])('are read as librdkafka reads them, from every offset (seed %i)', async (seed) => {
    await newTopic();
    await peer('interleave', brokers.join(','), topic, String(seed), '120');
    const expected = (await peerReads(brokers, topic, 0)).map(([offset, key, value]) => [offset, key, value]);
    expect(expected.length).toBeGreaterThan(5);
    const { end } = (await log.reader.ends(topic))[0]!;
    for (let from = 0; from < end; from += 3) expect(seen(await readAll(log, topic, 0, from, 1))).toEqual(expected.filter(([offset]) => (offset as number) >= from));
    expect(seen(await readAll(log, topic, 0))).toEqual(expected);
  }, 60_000);
});

describe('K8: a compacted topic', () => {
  it('is read to its end from every offset, over emptied batches and gaps', async () => {
    topic = `reading-${randomUUID()}`;
    const cluster = new Cluster(brokers, { clientId: 'reading' });
    const config = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.001', 'max.compaction.lag.ms': '200', 'delete.retention.ms': '0' };
    const { controllerId } = await cluster.refresh();
    await cluster.send(controllerId, createTopicsRequest([{ topic, partitions: 1, replicationFactor: 1, config }], 10_000));
    cluster.close();
    await log.admin.ensure([{ topic, partitions: 1 }]);
    const producer = log.taskProducer(topic);
    await producer.fence();
    for (let i = 0; i < 20; i++) {
      expect(await producer.transact([{ topic, records: ['a', 'b', `only ${i}`].map((key) => ({ partition: 0, key, value: `${i}` })) }])).toBe('committed');
    }
    // gone, until the next append rolls the segment: then batches of which nothing is left remain
    expect(await producer.transact([{ topic, records: ['a', ...Array.from({ length: 20 }, (_, i) => `only ${i}`)].map((key) => ({ partition: 0, key, value: null })) }])).toBe('committed');
    let tick = 0;
    await eventually(async () => {
      await log.writer.append(topic, [{ partition: 0, key: 'tick', value: `${tick++}` }]);
      const left = await readAll(log, topic, 0);
      expect(left.filter(({ key, value }) => text(key) !== 'tick' && value !== null).map(({ key, value }) => [text(key), text(value)])).toEqual([['b', '19']]);
    }, 60_000);
    const { end } = (await log.reader.ends(topic))[0]!;
    const whole = seen(await readAll(log, topic, 0));
    expect(end).toBeGreaterThan(whole.length + 60);
    // the cleaner goes on meanwhile: what counts is that a read agrees with one of the whole made next to it
    for (let from = 0; from <= end; from++) {
      await eventually(async () => {
        const now = seen(await readAll(log, topic, 0));
        expect(seen(await readAll(log, topic, 0, from, 1))).toEqual(now.filter((record) => (record as [number])[0] >= from));
      }, 10_000);
    }
    await producer.close();
  }, 90_000);
});

describe('the other way round', () => {
  it('librdkafka reads our transactions and appends', async () => {
    await newTopic();
    const producer = log.taskProducer(topic);
    await producer.fence();
    expect(await producer.transact([{ topic, records: [{ partition: 0, key: 'k', value: 'in a transaction', headers: { h: 'x' } }] }])).toBe('committed');
    // the coordinator answers before the marker is in the partition, which takes offset 1
    await eventually(async () => expect((await log.reader.ends(topic))[0]?.end).toBe(2));
    await log.writer.append(topic, [{ partition: 0, key: null, value: 'plain' }]);
    expect(await peerReads(brokers, topic, 0)).toEqual([[0, 'k', 'in a transaction'], [2, null, 'plain']]);
    await producer.close();
  }, 60_000);
});
