import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import { ByteWriter } from '../../src/stream/kafka/wire/bytes.js';
import { encodeBatch } from '../../src/stream/kafka/wire/record-batch.js';
import { OffsetOutOfRangeError } from '../../src/stream/log.js';
import type { Log } from '../../src/stream/log.js';
import { readAll, values } from '../contract/log-contract.js';
import { PLAIN } from '../kafka/batches-by-hand.js';
import { startFaultProxy } from '../kafka/fault-proxy.js';
import type { Fate, FaultProxy } from '../kafka/fault-proxy.js';
import { testBroker } from '../kafka/test-broker.js';

let brokers: string[];
let proxy: FaultProxy;
let log: Log;
let topic: string;

beforeAll(async () => {
  brokers = await testBroker();
}, 180_000);
beforeEach(async () => {
  proxy = await startFaultProxy(brokers);
  log = await openKafkaLog({ brokers: proxy.brokers, clientId: 'faults', app: `faults-${randomUUID()}`, journalTopic: 'none', taskSlots: 1 });
  topic = `faults-${randomUUID()}`;
  await log.admin.ensure([{ topic, partitions: 2 }]);
  await log.writer.append(topic, values(0, 0, 10));
});
afterEach(async () => {
  await log.close();
  await proxy.close();
});

/** The answer to a Fetch v11 of partition 0. */
function fetchAnswer({ code = 0, endOffset = 10, bytes = Buffer.alloc(0) }: { code?: number; endOffset?: number; bytes?: Buffer }): Fate {
  const out = new ByteWriter();
  out.int32(0).int16(0).int32(0).int32(1).string(topic).int32(1); // throttle, code, session, one topic, one partition
  out.int32(0).int16(code).int64(endOffset).int64(endOffset).int64(0).int32(-1).int32(-1).bytes(bytes);
  return { answer: Buffer.from(out.buffer) };
}

/** The first `fates.length` fetches meet these, all later ones pass. */
function fetchesMeet(...fates: Fate[]): void {
  proxy.fate = ({ api }) => (api === 'Fetch' ? (fates.shift() ?? 'pass') : 'pass');
}

const all = Array.from({ length: 10 }, (_, i) => `v${i}`);
const readTexts = async (): Promise<string[]> => (await readAll(log, topic, 0)).map(({ value }) => Buffer.from(value!).toString());

it.each<[string, () => Fate]>([
  ['is never received', () => 'lose-request'],
  ['is not answered', () => 'lose-reply'],
  ['finds a leader that is none any more', () => fetchAnswer({ code: 6, endOffset: -1 })],
  ['finds a partition that the broker does not know yet', () => fetchAnswer({ code: 3, endOffset: -1 })],
  ['is told out of range although it is not: a leader just elected', () => fetchAnswer({ code: 1, endOffset: -1 })],
  ['meets a leader that knows less than was read already', () => fetchAnswer({ endOffset: -1 })],
])('a fetch that %s is tried again', async (_, fate) => {
  fetchesMeet(fate(), fate());
  expect(await readTexts()).toEqual(all);
});

it('K10: out of range is told with the range, whatever else is wrong', async () => {
  fetchesMeet('lose-request', fetchAnswer({ code: 6, endOffset: -1 }));
  const error = await log.reader.read(topic, 0, 11, { maxBytes: 1000, maxWaitMs: 0 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OffsetOutOfRangeError);
  expect(error).toMatchObject({ offset: 11, start: 0, end: 10 });
});

it('K13: damage on the way is told with its place, and read again without it', async () => {
  const bytes = encodeBatch([{ key: null, value: 'damaged' }], PLAIN, 0);
  bytes[bytes.length - 2]! ^= 1;
  fetchesMeet(fetchAnswer({ bytes }));
  await expect(readTexts()).rejects.toThrow(new RegExp(`^fetched from offset 0 of ${topic}/0: the batch at offset 0 has checksum \\d+`));
  expect(await readTexts()).toEqual(all);
});

it('a stretch of which compaction has left not even batches is passed over', async () => {
  fetchesMeet(fetchAnswer({ endOffset: 7 }));
  expect(await log.reader.read(topic, 0, 2, { maxBytes: 1000, maxWaitMs: 0 })).toEqual({ records: [], nextOffset: 7, endOffset: 7 });
});

it('an answer that leaves a partition out, as a broker does to slow us down, is asked for again', async () => {
  fetchesMeet({ answer: Buffer.alloc(4 + 2 + 4 + 4) });
  expect(await readTexts()).toEqual(all);
});

it('K13: no request for metadata lets the broker create a topic', async () => {
  const asked: number[] = [];
  proxy.fate = ({ api, body }) => {
    if (api === 'Metadata') asked.push(body.at(-1)!);
    return 'pass';
  };
  expect(await log.admin.partitions(`${topic}-none`)).toBeNull();
  await log.reader.ends(topic);
  expect(new Set(asked)).toEqual(new Set([0]));
});

it('sixty waiting reads share fetches instead of having one each', async () => {
  const wide = `${topic}-wide`;
  await log.admin.ensure([{ topic: wide, partitions: 60 }]);
  proxy.seen.length = 0;
  const reads = Array.from({ length: 60 }, (_, partition) => log.reader.read(wide, partition, 0, { maxBytes: 1000, maxWaitMs: 1_000 }));
  await Promise.all(reads);
  expect(proxy.seen.filter((api) => api === 'Fetch').length).toBeLessThan(30);
});

it('readers that want the same of a partition share a fetch, and one that wants something else has its own', async () => {
  await readTexts();
  proxy.seen.length = 0;
  const options = { maxBytes: 1 << 20, maxWaitMs: 1_000 };
  const [other, ...same] = await Promise.all([log.reader.read(topic, 0, 5, options), ...Array.from({ length: 12 }, () => log.reader.read(topic, 0, 0, options))]);
  const textsOf = ({ records }: { readonly records: readonly { readonly value: Uint8Array | null }[] }): string[] => records.map(({ value }) => Buffer.from(value!).toString());
  expect([textsOf(other!), ...same.map(textsOf)]).toEqual([all.slice(5), ...Array.from({ length: 12 }, () => all)]);
  expect(proxy.seen.filter((api) => api === 'Fetch')).toEqual(['Fetch', 'Fetch']);
});
