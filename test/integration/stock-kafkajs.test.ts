import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Producer, Transaction } from 'kafkajs';
import { Cluster } from '../../src/stream/kafka/cluster.js';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import { ByteWriter } from '../../src/stream/kafka/wire/bytes.js';
import { encodeBatch } from '../../src/stream/kafka/wire/record-batch.js';
import { createTopicsRequest } from '../../src/stream/kafka/wire/topic-requests.js';
import type { Log } from '../../src/stream/log.js';
import { eventually, readAll } from '../contract/log-contract.js';
import { PLAIN } from '../kafka/batches-by-hand.js';
import { startFaultProxy, type Fate, type FaultProxy } from '../kafka/fault-proxy.js';
import { stockKafka, stockProducer, stockReader, type StockReader } from '../kafka/stock-kafkajs.js';
import { testBroker } from '../kafka/test-broker.js';

/**
 * The other side of the tests named K1 to K14: kafkajs 2.2.4 as it is, used as its documentation says, in what those tests set up. Each of
 * these says what goes wrong; when one fails, a counter-measure of ours may no longer be needed.
 */

const NOT_LEADER = 6;
const CONCURRENT_TRANSACTIONS = 51;
/** what is to come later comes that much later, ms: kafkajs tries again after 0.3 s, more where the machine is busy */
const SLOW_MS = 3_000;

let brokers: string[];
let proxy: FaultProxy;
let log: Log;
let topic: string;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  brokers = await testBroker();
  log = await openKafkaLog({ brokers, clientId: 'beside-stock', app: `stock-${randomUUID()}`, journalTopic: 'none', taskSlots: 1 });
}, 180_000);
afterAll(() => log.close());
beforeEach(async () => {
  proxy = await startFaultProxy(brokers);
  topic = `stock-${randomUUID()}`;
});
afterEach(async () => {
  proxy.fate = () => 'pass';
  for (const close of closing.splice(0).reverse()) await close();
  await proxy.close();
});

const newTopic = (partitions: number): Promise<void> => log.admin.ensure([{ topic, partitions }]);
const plain = (...texts: string[]): Promise<unknown> => log.writer.append(topic, texts.map((value) => ({ partition: 0, key: null, value })));
const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();
const ours = async (partition = 0): Promise<[number, string][]> => (await readAll(log, topic, partition)).map(({ offset, value }) => [offset, text(value)]);
const values = async (partition = 0): Promise<string[]> => (await ours(partition)).map(([, value]) => value);

async function producer(to: readonly string[], config: { transactionalId?: string; idempotent?: boolean; retry?: { initialRetryTime: number; retries: number } }): Promise<Producer> {
  const made = stockProducer(stockKafka(to), config);
  await made.connect();
  closing.push(() => made.disconnect());
  return made;
}

const transactional = (to: readonly string[] = brokers, transactionalId = randomUUID(), retries?: number): Promise<Producer> =>
  producer(to, { transactionalId, idempotent: true, ...(retries !== undefined && { retry: { initialRetryTime: 50, retries } }) });

async function reader(to: readonly string[], options: Parameters<typeof stockReader>[2] = {}): Promise<StockReader> {
  const made = await stockReader(stockKafka(to), topic, options);
  closing.push(() => made.stop());
  return made;
}

const send = (to: Producer | Transaction, value: string, { partition = 0, key = null }: { partition?: number; key?: Buffer | null } = {}): Promise<unknown> => to.send({ topic, messages: [{ partition, key, value }] });

/** The first requests of that name meet these, later ones and all others pass. */
function meet(at: FaultProxy, api: string, ...fates: Fate[]): void {
  at.fate = (request) => (request.api === api ? (fates.shift() ?? 'pass') : 'pass');
}

async function rejection(of: Promise<unknown>): Promise<string> {
  return of.then(
    () => 'fulfilled',
    (error: unknown) => (error as Error).name,
  );
}

describe('K1: stock lets records of aborted transactions through', () => {
  const marked = (count: number): Promise<void> => eventually(async () => expect((await log.reader.written(topic))[0]).toBe(count));

  it('when the one that began first was completed last', async () => {
    await newTopic(1);
    const [a, b] = [await (await transactional()).transaction(), await (await transactional()).transaction()];
    await send(a, 'a');
    await send(b, 'b');
    await b.abort();
    await marked(3);
    await a.abort();
    await marked(4);
    await plain('end');
    const { seen } = await reader(brokers);
    await eventually(() => expect(seen.at(-1)).toEqual([4, 'end']));
    expect([seen, await ours()]).toEqual([[[0, 'a'], [4, 'end']], [[4, 'end']]]);
  }, 30_000);

  it('when a fetch begins inside of two', async () => {
    await newTopic(1);
    const [a, b] = [await (await transactional()).transaction(), await (await transactional()).transaction()];
    await send(a, 'a');
    await send(b, 'b');
    await send(b, 'b again');
    await send(a, 'a again');
    await a.abort();
    await marked(5);
    await b.abort();
    await marked(6);
    await plain('end');
    const { seen } = await reader(brokers, { from: 2 });
    await eventually(() => expect(seen.at(-1)).toEqual([6, 'end']));
    expect([seen, await ours()]).toEqual([[[2, 'b again'], [6, 'end']], [[6, 'end']]]);
  }, 30_000);

  it('when a record has a key of four zero bytes, and all that follow of that transaction', async () => {
    await newTopic(1);
    const a = await (await transactional()).transaction();
    await send(a, 'hidden');
    await send(a, 'taken for a marker', { key: Buffer.alloc(4) });
    await send(a, 'after it');
    await a.abort();
    await marked(4);
    await plain('end');
    const { seen } = await reader(brokers);
    await eventually(() => expect(seen.at(-1)).toEqual([4, 'end']));
    expect([seen, await ours()]).toEqual([[[1, 'taken for a marker'], [2, 'after it'], [4, 'end']], [[4, 'end']]]);
  }, 30_000);
});

describe('K2, K3: stock tries again after a leader has moved', () => {
  /** The answer to Metadata v6, as kafkajs speaks it. @param nodes by id, with their ports @param leaders of the topic's partitions */
  function metadata(nodes: readonly (readonly [number, number])[], leaders: readonly number[]): Fate {
    const out = new ByteWriter();
    out.int32(0).int32(nodes.length);
    for (const [node, port] of nodes) out.int32(node).string('127.0.0.1').int32(port).string(null);
    out.string(null).int32(nodes[0]![0]).int32(1).int16(0).string(topic).bool(false).int32(leaders.length);
    for (const [partition, node] of leaders.entries()) out.int16(0).int32(partition).int32(node).int32(1).int32(node).int32(1).int32(node).int32(0);
    return { answer: Buffer.from(out.buffer) };
  }

  /** To the first who asks, partition 1 is led by a broker 99 that leads nothing any more when it is written to. */
  async function withMovedLeader(refusedAfterMs: number): Promise<void> {
    const other = await startFaultProxy(brokers);
    closing.push(() => other.close());
    const at = ({ brokers: [address] }: FaultProxy): number => Number(address?.split(':')[1]);
    const { nodeIds } = await nodes();
    const [leader] = nodeIds as [number];
    let told = false;
    proxy.fate = ({ api, body }) => {
      // the one for this topic; before it there is one for none
      if (api !== 'Metadata' || told || !body.includes(topic)) return 'pass';
      told = true;
      return metadata([[leader, at(proxy)], [99, at(other)]], [leader, 99]);
    };
    const refusal = new ByteWriter();
    refusal.int32(1).string(topic).int32(1).int32(1).int16(NOT_LEADER).int64(-1).int64(-1).int64(-1).int32(0);
    // Produce v7; what it tells of the topic is what the other proxy's broker does, at the address known
    other.fate = ({ api }) => (api === 'Produce' ? { answer: Buffer.from(refusal.buffer), delayMs: refusedAfterMs } : api === 'Metadata' ? metadata([[leader, at(proxy)]], [leader, leader]) : 'pass');
  }

  async function nodes(): Promise<{ nodeIds: readonly number[] }> {
    const cluster = new Cluster(brokers, { clientId: 'nodes' });
    await cluster.refresh();
    const { nodeIds } = cluster;
    cluster.close();
    return { nodeIds };
  }

  const both = { messages: [0, 1].map((partition) => ({ partition, value: 'a' })) };

  it('and leaves out what was never written, since that leader has answered for another partition: the send succeeds', async () => {
    await newTopic(2);
    await withMovedLeader(SLOW_MS);
    const stock = await producer(proxy.brokers, { idempotent: true });
    await stock.send({ topic, ...both });
    expect([await values(0), await values(1)]).toEqual([['a'], []]);
  }, 30_000);

  it('and sends again what a slower broker is still writing: it is there twice', async () => {
    await newTopic(2);
    await withMovedLeader(0);
    const before = proxy.fate;
    let slow = true;
    proxy.fate = (request) => {
      if (request.api !== 'Produce' || !slow) return before(request);
      slow = false;
      return { delayMs: SLOW_MS };
    };
    const stock = await producer(proxy.brokers, { idempotent: true });
    await stock.send({ topic, ...both });
    expect([await values(0), await values(1)]).toEqual([['a', 'a'], ['a']]);
  }, 30_000);
});

describe('K4: stock counts back what it has sent when the answer is lost', () => {
  it('so that after an abort the next transaction is taken for a repetition: committed, and not there', async () => {
    await newTopic(1);
    const stock = await transactional(proxy.brokers, randomUUID(), 1);
    const first = await stock.transaction();
    meet(proxy, 'Produce', 'lose-reply', 'lose-reply');
    expect(await rejection(send(first, 'a'))).toBe('KafkaJSNumberOfRetriesExceeded');
    await first.abort();
    const second = await stock.transaction();
    await send(second, 'b');
    await second.commit();
    const third = await stock.transaction();
    await send(third, 'c');
    await third.commit();
    await eventually(async () => expect(await values()).toEqual(['c']));
  }, 30_000);
});

describe('K5: stock says the same of a commit that was done and of one that was not', () => {
  it.each<[string, Fate, string[]]>([
    ['was done, its reply lost', 'lose-reply', ['a', 'a']],
    ['was never received', 'lose-request', ['a']],
  ])('EndTxn %s: an error, no abort, and what is sent again may be there twice', async (_, fate, found) => {
    await newTopic(1);
    const id = randomUUID();
    const stock = await transactional(proxy.brokers, id);
    const first = await stock.transaction();
    await send(first, 'a');
    meet(proxy, 'EndTxn', fate);
    expect(await rejection(first.commit())).toBe('KafkaJSConnectionClosedError');
    expect(await rejection(first.abort())).toBe('KafkaJSNonRetriableError');
    expect(await rejection(stock.transaction())).toBe('KafkaJSNonRetriableError');
    const again = await (await transactional(brokers, id)).transaction();
    await send(again, 'a');
    await again.commit();
    await eventually(async () => expect(await values()).toEqual(found));
  }, 30_000);
});

it('K6: stock gives up at once when the last transaction is still being completed', async () => {
  await newTopic(1);
  const transaction = await (await transactional(proxy.brokers)).transaction();
  const answer = Buffer.alloc(6);
  answer.writeInt16BE(CONCURRENT_TRANSACTIONS, 4);
  meet(proxy, 'api 25', { answer });
  const offsets = { consumerGroupId: randomUUID(), topics: [{ topic, partitions: [{ partition: 0, offset: '1' }] }] };
  await expect(transaction.sendOffsets(offsets)).rejects.toMatchObject({ type: 'CONCURRENT_TRANSACTIONS' });
  expect(proxy.seen.filter((api) => api === 'api 25')).toHaveLength(1);
}, 30_000);

describe('K7: consumer and producer of one Kafka object have one memory of offsets', () => {
  it.each<[string, boolean, string]>([
    ['of the same object takes back', true, '-1'],
    ['of another object takes back', false, '1'],
  ])('offsets that a transaction %s', async (_, shared, committed) => {
    await newTopic(1);
    await plain('a');
    const kafka = stockKafka(brokers);
    const groupId = randomUUID();
    const stock = stockProducer(shared ? kafka : stockKafka(brokers), { transactionalId: randomUUID(), idempotent: true });
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
    await Promise.all([stock.connect(), consumer.connect()]);
    closing.push(() => stock.disconnect(), () => consumer.disconnect());
    await consumer.subscribe({ topic, fromBeginning: true });
    const handled = new Promise((resolve) => consumer.on(consumer.events.END_BATCH_PROCESS, resolve));
    await consumer.run({
      eachMessage: async ({ message }) => {
        const transaction = await stock.transaction();
        await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions: [{ partition: 0, offset: String(Number(message.offset) + 1) }] }] });
        await transaction.abort();
      },
    });
    await handled;
    const admin = kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    // what the consumer has dealt with is committed by itself, unless it thinks that it is
    await eventually(async () => expect((await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions).toMatchObject([{ partition: 0, offset: committed }]));
  }, 30_000);
});

it('K8: stock stands still for ever before a batch that compaction has emptied', async () => {
  const cluster = new Cluster(brokers, { clientId: 'stock' });
  const config = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.001', 'max.compaction.lag.ms': '200' };
  const { controllerId } = await cluster.refresh();
  await cluster.send(controllerId, createTopicsRequest([{ topic, partitions: 1, replicationFactor: 1, config }], 10_000));
  cluster.close();
  await newTopic(1);
  const writing = log.taskProducer(topic);
  await writing.fence();
  await writing.transact([{ topic, records: [{ partition: 0, key: 'k', value: 'old' }] }]);
  await eventually(async () => {
    await log.writer.append(topic, [{ partition: 0, key: 'k', value: 'new' }]);
    expect((await values())[0]).toBe('new');
  }, 30_000);
  await log.writer.append(topic, [{ partition: 0, key: 'end', value: 'end' }]);
  await writing.close();
  const whole = await reader(brokers);
  const small = await reader(proxy.brokers, { maxBytesPerPartition: 1 });
  // where all that is emptied fits into one answer, with something behind it, it is passed
  await eventually(() => expect(whole.seen.at(-1)?.[1]).toBe('end'));
  await eventually(() => expect(proxy.seen.filter((api) => api === 'Fetch').length).toBeGreaterThan(50));
  expect([small.seen, small.crashes]).toEqual([[], []]);
}, 60_000);

describe('K10: stock goes on somewhere else when its position is gone', () => {
  it.each<[string, boolean, string[]]>([
    ['at the end, past records that are there', false, ['late']],
    ['at the beginning', true, ['3', '4', '5', 'late']],
  ])('%s, and nobody is told', async (_, fromBeginning, expected) => {
    await newTopic(1);
    await plain('0', '1', '2', '3', '4', '5');
    await log.admin.trim(topic, 0, 3);
    const { seen, crashes } = await reader(brokers, { from: 1, fromBeginning });
    // whatever it will read, it has found its place by then
    await eventually(async () => {
      await plain('late');
      expect(seen.some(([, value]) => value === 'late')).toBe(true);
    });
    expect([[...new Set(seen.map(([, value]) => value))], crashes]).toEqual([expected, []]);
  }, 30_000);
});

it('K11: a stock connection that has nothing to do wakes up all the time', async () => {
  await newTopic(1);
  const stock = await producer(brokers, {});
  await send(stock, 'a');
  const timers = jest.spyOn(globalThis, 'setTimeout');
  // with nothing to do it would arm none, and this would wait for ever
  const armed = (): number => timers.mock.calls.filter(([, delay]) => (delay ?? 0) <= 1).length;
  while (armed() < 100) await new Promise((resolve) => setImmediate(resolve));
  timers.mockRestore();
}, 30_000);

/** The answer to a Fetch v11 of partition 0. */
function fetched(bytes: Buffer, endOffset: number): Fate {
  const out = new ByteWriter();
  out.int32(0).int16(0).int32(0).int32(1).string(topic).int32(1).int32(0).int16(0).int64(endOffset).int64(endOffset).int64(0).int32(-1).int32(-1).bytes(bytes);
  return { answer: Buffer.from(out.buffer) };
}

it('K12: a stock consumer dies of a batch of many records', async () => {
  await newTopic(1);
  await plain('a');
  const records = Array.from({ length: 200_000 }, () => ({ key: null, value: 'a' }));
  meet(proxy, 'Fetch', fetched(encodeBatch(records, PLAIN, 0), records.length));
  const { seen, crashes } = await reader(proxy.brokers);
  await eventually(() => expect(crashes).toEqual(['Maximum call stack size exceeded']));
  expect(seen).toEqual([]);
}, 30_000);

describe('K13', () => {
  it('stock takes what was damaged on the way for the record', async () => {
    await newTopic(1);
    await plain('a whole record');
    const bytes = encodeBatch([{ key: null, value: 'a whole record' }], PLAIN, 0);
    bytes[bytes.length - 2]! ^= 1;
    meet(proxy, 'Fetch', fetched(bytes, 1));
    const { seen, crashes } = await reader(proxy.brokers);
    await eventually(() => expect(seen).toEqual([[0, 'a whole recore']]));
    expect(crashes).toEqual([]);
  }, 30_000);

  it('stock asks for a topic so that a broker that may makes it', async () => {
    const asked: number[] = [];
    proxy.fate = ({ api, body }) => {
      if (api === 'Metadata' && body.includes(topic)) asked.push(body.at(-1)!);
      return 'pass';
    };
    const stock = await producer(proxy.brokers, { retry: { initialRetryTime: 10, retries: 0 } });
    expect(await rejection(send(stock, 'a'))).not.toBe('fulfilled');
    expect(new Set(asked)).toEqual(new Set([1]));
  }, 30_000);
});
