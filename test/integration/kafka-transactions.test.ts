import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import { TRANSACTION_COMMIT_WITHIN_MS, WRITER_QUEUE_BYTES_MAX } from '../../src/stream/kafka/limits.js';
import { WriterFullError } from '../../src/stream/kafka/log-writer.js';
import type { Log, NewRecord, TaskProducer } from '../../src/stream/log.js';
import { UnknownTopicError } from '../../src/stream/log.js';
import { eventually, readAll } from '../contract/log-contract.js';
import { startFaultProxy } from '../kafka/fault-proxy.js';
import type { Fate, FaultProxy } from '../kafka/fault-proxy.js';
import { testBroker } from '../kafka/test-broker.js';

const INVALID_PRODUCER_EPOCH = 47;
const INVALID_PRODUCER_ID_MAPPING = 49;
const NOT_COORDINATOR = 16;

let brokers: string[];
let proxy: FaultProxy;
/** through the proxy, and past it */
let log: Log;
let direct: Log;
let topic: string;
let producer: TaskProducer;

beforeAll(async () => {
  brokers = await testBroker();
}, 180_000);

beforeEach(async () => {
  proxy = await startFaultProxy(brokers);
  const options = { clientId: 'transactions', app: `transactions-${randomUUID()}`, journalTopic: 'none', taskSlots: 1 };
  [log, direct] = await Promise.all([openKafkaLog({ ...options, brokers: proxy.brokers }), openKafkaLog({ ...options, brokers })]);
  topic = `transactions-${randomUUID()}`;
  await direct.admin.ensure([{ topic, partitions: 2 }]);
  producer = log.taskProducer('task');
  await producer.fence();
});
afterEach(async () => {
  await Promise.all([log.close(), direct.close()]);
  await proxy.close();
});

const both = (value: string): { topic: string; records: NewRecord[] }[] => [{ topic, records: [0, 1].map((partition) => ({ partition, key: null, value })) }];

/** The first request of that name gets this fate, all others pass. */
function once(api: string, fate: Fate): void {
  let done = false;
  proxy.fate = (request) => {
    if (done || request.api !== api) return 'pass';
    done = true;
    return fate;
  };
}

async function expectCommitted(...expected: string[]): Promise<void> {
  for (const partition of [0, 1]) {
    await eventually(async () => expect((await readAll(direct, topic, partition)).map(({ value }) => Buffer.from(value!).toString())).toEqual(expected));
  }
}

/** An answer that starts with a throttle time of 0, as the one to EndTxn, and has a code. */
const endTxnAnswer = (code: number): Fate => {
  const answer = Buffer.alloc(6);
  answer.writeInt16BE(code, 4);
  return { answer };
};

describe('K5: an outcome that is not known', () => {
  it('EndTxn was done, its reply lost: unknown, and after the fence everything is there once', async () => {
    once('EndTxn', 'lose-reply');
    expect(await producer.transact(both('a'))).toBe('unknown');
    await producer.fence();
    await expectCommitted('a');
    expect(await producer.transact(both('b'))).toBe('committed');
    await expectCommitted('a', 'b');
  });

  it('EndTxn was never received: unknown, and after the fence nothing is there', async () => {
    once('EndTxn', 'lose-request');
    expect(await producer.transact(both('a'))).toBe('unknown');
    await producer.fence();
    await expectCommitted();
    expect(await producer.transact(both('a'))).toBe('committed');
    await expectCommitted('a');
  });

  it('EndTxn arrives after another owner has taken the id: fenced, and nothing is there', async () => {
    once('EndTxn', { delayMs: 500 });
    const outcome = producer.transact(both('late'));
    await eventually(() => expect(proxy.seen).toContain('EndTxn'));
    const owner = direct.taskProducer('task');
    await owner.fence();
    await expectCommitted();
    expect(await outcome).toBe('fenced');
    expect(await owner.transact(both('owner'))).toBe('committed');
    await expectCommitted('owner');
  });

  it('a refused epoch after a commit that may have been written is unknown, not fenced', async () => {
    let tries = 0;
    proxy.fate = ({ api }) => {
      if (api !== 'EndTxn') return 'pass';
      tries += 1;
      return tries === 1 ? endTxnAnswer(NOT_COORDINATOR) : endTxnAnswer(INVALID_PRODUCER_EPOCH);
    };
    expect(await producer.transact(both('a'))).toBe('unknown');
    expect(tries).toBe(2);
  });

  it('a coordinator that has moved is asked again where it is now', async () => {
    once('EndTxn', endTxnAnswer(NOT_COORDINATOR));
    expect(await producer.transact(both('a'))).toBe('committed');
    await expectCommitted('a');
  });
});

describe('K2, K3, K4: a write that failed', () => {
  it.each<[string, Fate]>([
    ['was done, its reply lost', 'lose-reply'],
    ['was never received', 'lose-request'],
  ])('a produce request that %s: nothing is sent again, nothing becomes visible, the next epoch starts clean', async (_, fate) => {
    const asked: string[] = [];
    proxy.fate = ({ api, broker }) => {
      if (api !== 'Produce' && api !== 'EndTxn') return 'pass';
      asked.push(`${api} ${broker}`);
      return asked.length === 1 ? fate : 'pass';
    };
    expect(await producer.transact(both('a'))).toBe('unknown');
    // one for each broker that leads a partition
    expect(asked).toEqual([...new Set(asked)].filter((request) => request.startsWith('Produce')));
    await producer.fence();
    await expectCommitted();
    for (const value of ['b', 'c']) expect(await producer.transact(both(value))).toBe('committed');
    await expectCommitted('b', 'c');
  });

  it('the reply to AddPartitionsToTxn is lost: the same', async () => {
    once('AddPartitionsToTxn', 'lose-reply');
    expect(await producer.transact(both('a'))).toBe('unknown');
    await producer.fence();
    expect(await producer.transact(both('b'))).toBe('committed');
    await expectCommitted('b');
  });

  it('is not used again without a fence', async () => {
    once('Produce', 'lose-reply');
    expect(await producer.transact(both('a'))).toBe('unknown');
    await expect(producer.transact(both('a'))).rejects.toThrow('is fenced before its first transaction and after every outcome that is not committed');
  });
});

describe('a transaction that has grown old', () => {
  it('is not committed: the broker may be aborting it, and a refused epoch would not mean a newer owner', async () => {
    proxy.fate = ({ api }) => (api === 'AddPartitionsToTxn' || api === 'Produce' ? { delayMs: TRANSACTION_COMMIT_WITHIN_MS / 2 + 100 } : 'pass');
    expect(await producer.transact([{ topic, records: [{ partition: 0, key: null, value: 'old' }] }])).toBe('unknown');
    expect(proxy.seen).not.toContain('EndTxn');
    proxy.fate = () => 'pass';
    await producer.fence();
    await expectCommitted();
    expect(await producer.transact(both('new'))).toBe('committed');
    await expectCommitted('new');
  }, 30_000);
});

describe('what no repetition mends', () => {
  it('a record that is too large, and a topic that is not there, are thrown, and nothing becomes visible', async () => {
    const large = { partition: 0, key: null, value: 'x'.repeat(2_000_000) };
    await expect(producer.transact([...both('a'), { topic, records: [large] }])).rejects.toThrow('MESSAGE_TOO_LARGE');
    await producer.fence();
    await expect(producer.transact([...both('a'), { topic: `${topic}-none`, records: [{ partition: 0, key: null, value: 'a' }] }])).rejects.toThrow(UnknownTopicError);
    await producer.fence();
    await expectCommitted();
    expect(await producer.transact(both('b'))).toBe('committed');
    await expectCommitted('b');
  });
});

it('K14: a producer id that the brokers have forgotten is opened again by a fence', async () => {
  proxy.fate = ({ api, body }) => {
    if (api !== 'AddPartitionsToTxn') return 'pass';
    proxy.fate = () => 'pass';
    // one topic, both partitions
    const topics = body.subarray(2 + body.readInt16BE(0) + 8 + 2);
    const name = topics.subarray(4, 6 + topics.readInt16BE(4));
    const answer = Buffer.concat([Buffer.alloc(4), Buffer.from([0, 0, 0, 1]), name, Buffer.from([0, 0, 0, 2, 0, 0, 0, 0, 0, INVALID_PRODUCER_ID_MAPPING, 0, 0, 0, 1, 0, INVALID_PRODUCER_ID_MAPPING])]);
    return { answer };
  };
  expect(await producer.transact(both('a'))).toBe('unknown');
  await producer.fence();
  expect(await producer.transact(both('a'))).toBe('committed');
  await expectCommitted('a');
});

it('a fence goes on when its own reply is lost', async () => {
  once('InitProducerId', 'lose-reply');
  await producer.fence();
  expect(await producer.transact(both('a'))).toBe('committed');
  await expectCommitted('a');
});

it('one request per step and no lookups between: the coordinator is remembered', async () => {
  expect(await producer.transact(both('a'))).toBe('committed');
  await expectCommitted('a');
  proxy.seen.length = 0;
  expect(await producer.transact(both('b'))).toBe('committed');
  expect(proxy.seen.filter((api, i) => api !== proxy.seen[i - 1])).toEqual(['AddPartitionsToTxn', 'Produce', 'EndTxn']);
});

describe('plain appends', () => {
  it.each<[string, Fate]>([
    ['was done, its reply lost', 'lose-reply'],
    ['was never received', 'lose-request'],
  ])('one that %s is sent again and written once', async (_, fate) => {
    await log.writer.append(topic, [{ partition: 0, key: null, value: 'a' }]);
    once('Produce', fate);
    expect(await log.writer.append(topic, ['b', 'c'].map((value) => ({ partition: 0, key: null, value })))).toEqual([1, 2]);
    expect(await log.writer.append(topic, [{ partition: 0, key: null, value: 'd' }])).toEqual([3]);
    expect((await readAll(direct, topic, 0)).map(({ value }) => Buffer.from(value!).toString())).toEqual(['a', 'b', 'c', 'd']);
  });

  it('more than may wait is refused before anything is written, and what waits is written', async () => {
    const half = { partition: 0, key: null, value: new Uint8Array(1 << 19) };
    const count = WRITER_QUEUE_BYTES_MAX / (1 << 19);
    const results = await Promise.allSettled(Array.from({ length: count + 5 }, () => log.writer.append(topic, [half])));
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(refused.every((reason) => reason instanceof WriterFullError)).toBe(true);
    expect((await direct.reader.ends(topic))[0]!.end).toBe(results.length - refused.length);
  }, 60_000);

  it('one that is too large is refused alone', async () => {
    const appends = ['small', 'x'.repeat(2_000_000), 'small too'].map((value) => log.writer.append(topic, [{ partition: 0, key: null, value }]));
    const results = await Promise.allSettled(appends);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
