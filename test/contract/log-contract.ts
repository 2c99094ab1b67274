import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { OffsetOutOfRangeError, UnknownTopicError } from '../../src/stream/log.js';
import type { Fetched, Log, LogRecord, NewRecord, PartitionEnds, TaskProducer } from '../../src/stream/log.js';

/** One log over fresh storage. `second` opens another process' view of the same storage and the same application. */
export interface LogUnderTest {
  readonly log: Log;
  /** closes what the suite has not closed and removes the storage */
  cleanup(): Promise<void>;
  second?(): Promise<Log>;
}

export interface LogContractOptions {
  /** how many members the log's group can have: 2 needs `second` */
  readonly members: 1 | 2;
  /** whether `trim` really removes */
  readonly trims: boolean;
}

/** Task numbers the logs under test are to be opened with. */
export const CONTRACT_TASK_SLOTS = 6;

const READ = { maxBytes: 1 << 20, maxWaitMs: 0 };

/** What every `Log` must do; each implementation runs it on itself. */
export function describeLogContract(name: string, makeLog: () => Promise<LogUnderTest>, options: LogContractOptions): void {
  describe(`log contract: ${name}`, () => {
    let subject: LogUnderTest;
    let log: Log;
    let topic: string;

    beforeEach(async () => {
      subject = await makeLog();
      log = subject.log;
      topic = `contract-${randomUUID()}`;
      await log.admin.ensure([{ topic, partitions: 3 }]);
    });
    afterEach(() => subject.cleanup());

    const fencedProducer = async (id: string, of: Log = log): Promise<TaskProducer> => {
      const producer = of.taskProducer(id);
      await producer.fence();
      return producer;
    };

    describe('reading', () => {
      it('gives back what was written: keys, values and headers, null, empty and binary', async () => {
        const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
        const records: NewRecord[] = [
          { partition: 1, key: 'key', value: 'värde' },
          { partition: 1, key: null, value: 'no key' },
          { partition: 1, key: 'no value', value: null },
          { partition: 1, key: '', value: '' },
          { partition: 1, key: Uint8Array.of(0, 0, 0, 0), value: 'a key of four zero bytes is data' },
          { partition: 1, key: bytes, value: bytes, headers: { text: 'x', bin: bytes, empty: '' } },
        ];
        await log.writer.append(topic, records);
        const fetched = await readAll(log, topic, 1);
        expect(fetched.map(plain)).toEqual([
          { key: hex('key'), value: hex('värde'), headers: {} },
          { key: null, value: hex('no key'), headers: {} },
          { key: hex('no value'), value: null, headers: {} },
          { key: '', value: '', headers: {} },
          { key: '00000000', value: hex('a key of four zero bytes is data'), headers: {} },
          { key: hex(bytes), value: hex(bytes), headers: { text: hex('x'), bin: hex(bytes), empty: '' } },
        ]);
      });

      it('keeps the order of one partition and returns increasing offsets and timestamps of the write', async () => {
        const before = Date.now();
        for (let round = 0; round < 5; round++) await log.writer.append(topic, values(0, round * 10, 10));
        const records = await readAll(log, topic, 0);
        expect(records.map(text)).toEqual(Array.from({ length: 50 }, (_, i) => `v${i}`));
        for (let i = 1; i < records.length; i++) expect(records[i]!.offset).toBeGreaterThan(records[i - 1]!.offset);
        // within a minute of our clock: the log may run on another machine, or in simulated time that starts at 0
        expect(records.every((r) => Number.isInteger(r.timestampMs) && r.timestampMs <= before + 60_000)).toBe(true);
      });

      it('starts exactly at the offset asked for, also in the middle of what was written together', async () => {
        const offsets = await log.writer.append(topic, values(0, 0, 20));
        expect(offsets).toHaveLength(20);
        const fetched = await log.reader.read(topic, 0, offsets[7]!, READ);
        expect(fetched.records.map(text)[0]).toBe('v7');
        expect(fetched.records[0]!.offset).toBe(offsets[7]);
        expect((await readAll(log, topic, 0, offsets[19]!)).map(text)).toEqual(['v19']);
      });

      it('keeps maxBytes roughly, and always makes progress', async () => {
        const big = 'x'.repeat(10_000);
        for (let i = 0; i < 20; i++) await log.writer.append(topic, [{ partition: 0, key: null, value: `${i}:${big}` }]);
        const first = await log.reader.read(topic, 0, 0, { maxBytes: 30_000, maxWaitMs: 0 });
        expect(first.records.length).toBeGreaterThan(0);
        expect(first.records.length).toBeLessThan(20);
        const tiny = await log.reader.read(topic, 0, 0, { maxBytes: 10, maxWaitMs: 0 });
        expect(tiny.records.length).toBeGreaterThan(0);
        expect(await readAll(log, topic, 0, 0, 30_000)).toHaveLength(20);
      });

      it('answers at once with nothing at the end when it may not wait', async () => {
        await log.writer.append(topic, values(0, 0, 3));
        const { nextOffset } = await toEnd(log, topic, 0);
        expect(await log.reader.read(topic, 0, nextOffset, READ)).toEqual({ records: [], nextOffset, endOffset: nextOffset });
      });

      it('waits for a first record', async () => {
        const reading = log.reader.read(topic, 2, 0, { maxBytes: 1 << 20, maxWaitMs: 20_000 });
        const bystander = log.reader.read(topic, 1, 0, { maxBytes: 1 << 20, maxWaitMs: 100 });
        await log.writer.append(topic, values(2, 0, 1));
        expect((await reading).records.map(text)).toEqual(['v0']);
        expect((await bystander).records).toEqual([]);
      });

      it('ends a wait with an empty answer after maxWaitMs, and when the signal aborts', async () => {
        expect((await log.reader.read(topic, 0, 0, { maxBytes: 1000, maxWaitMs: 30 })).records).toEqual([]);
        const abort = new AbortController();
        const reading = log.reader.read(topic, 0, 0, { maxBytes: 1000, maxWaitMs: 600_000, signal: abort.signal });
        abort.abort();
        expect(await reading).toMatchObject({ records: [], nextOffset: 0 });
        expect(await log.reader.read(topic, 0, 0, { maxBytes: 1000, maxWaitMs: 600_000, signal: abort.signal })).toMatchObject({ records: [], nextOffset: 0 });
      });

      it('reads many partitions at once, waiting ones not holding up the others', async () => {
        const wide = `${topic}-wide`;
        await log.admin.ensure([{ topic: wide, partitions: 24 }]);
        const waiting = new AbortController();
        const idle = Array.from({ length: 20 }, (_, p) => log.reader.read(wide, p, 0, { maxBytes: 1000, maxWaitMs: 600_000, signal: waiting.signal }));
        await log.writer.append(wide, [20, 21, 22, 23].flatMap((p) => values(p, 0, 5)));
        const busy = await Promise.all([20, 21, 22, 23].map((p) => readAll(log, wide, p)));
        expect(busy.map((records) => records.map(text))).toEqual(Array.from({ length: 4 }, () => ['v0', 'v1', 'v2', 'v3', 'v4']));
        waiting.abort();
        expect((await Promise.all(idle)).every((f) => f.records.length === 0)).toBe(true);
      });

      it('refuses a position past the end with the range that is there', async () => {
        await log.writer.append(topic, values(0, 0, 3));
        const { end } = await endsOf(log, topic, 0);
        const error = await log.reader.read(topic, 0, end + 1000, READ).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(OffsetOutOfRangeError);
        expect(error).toMatchObject({ topic, partition: 0, offset: end + 1000, start: 0, end });
      });

      it('refuses an unknown topic and an unknown partition', async () => {
        await expect(log.reader.read(`${topic}-none`, 0, 0, READ)).rejects.toBeInstanceOf(UnknownTopicError);
        await expect(log.reader.read(topic, 3, 0, READ)).rejects.toBeInstanceOf(UnknownTopicError);
        await expect(log.reader.ends(`${topic}-none`)).rejects.toBeInstanceOf(UnknownTopicError);
      });

      it('tells how far each partition has been written', async () => {
        await log.writer.append(topic, [...values(0, 0, 2), ...values(2, 0, 1)]);
        const producer = await fencedProducer(`${topic}-t0`);
        expect(await producer.transact([{ topic, records: values(1, 0, 3) }])).toBe('committed');
        const [first, second, third] = await log.reader.written(topic);
        expect([first, third]).toEqual([2, 1]);
        expect(second).toBeGreaterThanOrEqual(3);
        await expect(log.reader.written(`${topic}-none`)).rejects.toBeInstanceOf(UnknownTopicError);
        await producer.close();
      });

      it('tells where the records begin that were written at a time or later', async () => {
        for (let round = 0; round < 4; round++) {
          await log.writer.append(topic, values(0, round * 10, 10));
          await log.admin.partitions(topic);
        }
        const records = await readAll(log, topic, 0);
        const { start, end } = await endsOf(log, topic, 0);
        const times = [...new Set(records.map(({ timestampMs }) => timestampMs))];
        const expected = times.map((time) => records.find(({ timestampMs }) => timestampMs >= time)!.offset);
        expect(await Promise.all(times.map((time) => log.reader.offsetAt(topic, 0, time)))).toEqual(expected);
        expect(await log.reader.offsetAt(topic, 0, -1_000)).toBe(start);
        expect(await log.reader.offsetAt(topic, 0, times.at(-1)! + 0.5)).toBe(end);
        expect(await log.reader.offsetAt(topic, 1, 0)).toBe(0);
        await expect(log.reader.offsetAt(`${topic}-none`, 0, 0)).rejects.toBeInstanceOf(UnknownTopicError);
        await expect(log.reader.offsetAt(topic, 3, 0)).rejects.toBeInstanceOf(UnknownTopicError);
      });

      it('tells the ends of every partition', async () => {
        await log.writer.append(topic, [...values(0, 0, 4), ...values(2, 0, 1)]);
        expect(sorted(await log.reader.ends(topic))).toEqual([
          { partition: 0, start: 0, end: 4 },
          { partition: 1, start: 0, end: 0 },
          { partition: 2, start: 0, end: 1 },
        ]);
      });
    });

    describe('transactions', () => {
      it('commits records to several topics and partitions together', async () => {
        const other = `${topic}-other`;
        await log.admin.ensure([{ topic: other, partitions: 1, compacted: true }]);
        const producer = await fencedProducer(`${topic}-t0`);
        const outcome = await producer.transact([
          { topic, records: [...values(0, 0, 2), ...values(2, 2, 2)] },
          { topic: other, records: [{ partition: 0, key: 'k', value: 'v' }] },
        ]);
        expect(outcome).toBe('committed');
        await expectEventually(log, topic, 0, ['v0', 'v1']);
        await expectEventually(log, topic, 2, ['v2', 'v3']);
        await expectEventually(log, other, 0, ['v']);
        expect(await readAll(log, topic, 1)).toEqual([]);
        await producer.close();
      });

      it('commits many transactions one after the other, in order, and reads past what lies between them', async () => {
        const producer = await fencedProducer(`${topic}-t0`);
        for (let i = 0; i < 30; i++) expect(await producer.transact([{ topic, records: values(0, i, 1) }])).toBe('committed');
        await expectEventually(log, topic, 0, Array.from({ length: 30 }, (_, i) => `v${i}`));
        await producer.close();
      });

      it('after a new fence, ends() covers everything committed before it', async () => {
        const id = `${topic}-t0`;
        let producer = await fencedProducer(id);
        for (let i = 0; i < 10; i++) {
          expect(await producer.transact([{ topic, records: values(0, i, 1) }])).toBe('committed');
          const next = await fencedProducer(id);
          await producer.close();
          producer = next;
          const { end } = await endsOf(log, topic, 0);
          expect((await readAll(log, topic, 0, 0, 1 << 20, end)).map(text)).toEqual(Array.from({ length: i + 1 }, (_, n) => `v${n}`));
        }
        await producer.close();
      });

      it('takes 5,000 records in one transaction', async () => {
        const producer = await fencedProducer(`${topic}-t0`);
        const records = [0, 1, 2].flatMap((p) => values(p, 0, 1_666)).concat(values(0, 1_666, 2));
        expect(await producer.transact([{ topic, records }])).toBe('committed');
        await expectEventually(log, topic, 0, Array.from({ length: 1_668 }, (_, i) => `v${i}`));
        await expectEventually(log, topic, 1, Array.from({ length: 1_666 }, (_, i) => `v${i}`));
        await producer.close();
      });

      it('an empty transaction is committed and writes nothing', async () => {
        const producer = await fencedProducer(`${topic}-t0`);
        expect(await producer.transact([])).toBe('committed');
        expect(await producer.transact([{ topic, records: [] }])).toBe('committed');
        expect((await endsOf(log, topic, 0)).end).toBe(0);
        await producer.close();
      });

      it('two tasks write to one partition, each in its order, nothing lost', async () => {
        const [a, b] = [await fencedProducer(`${topic}-a`), await fencedProducer(`${topic}-b`)];
        const write = async (producer: TaskProducer, mark: string): Promise<void> => {
          for (let i = 0; i < 20; i++) expect(await producer.transact([{ topic, records: [{ partition: 0, key: mark, value: `${mark}${i}` }] }])).toBe('committed');
        };
        await Promise.all([write(a, 'a'), write(b, 'b')]);
        await eventually(async () => expect((await readAll(log, topic, 0)).length).toBe(40));
        const seen = (await readAll(log, topic, 0)).map(text);
        expect(seen.filter((v) => v.startsWith('a'))).toEqual(Array.from({ length: 20 }, (_, i) => `a${i}`));
        expect(seen.filter((v) => v.startsWith('b'))).toEqual(Array.from({ length: 20 }, (_, i) => `b${i}`));
        await Promise.all([a.close(), b.close()]);
      });

      it('a zombie is fenced and writes nothing', async () => {
        const id = `${topic}-t0`;
        const zombie = await fencedProducer(id);
        expect(await zombie.transact([{ topic, records: values(0, 0, 1) }])).toBe('committed');
        const owner = await fencedProducer(id);
        expect(await zombie.transact([{ topic, records: values(0, 100, 5) }])).toBe('fenced');
        expect(await owner.transact([{ topic, records: values(0, 1, 1) }])).toBe('committed');
        await expectEventually(log, topic, 0, ['v0', 'v1']);
        await Promise.all([zombie.close(), owner.close()]);
      });

      it('a zombie that never wrote is fenced too, and may take the id back by a new fence', async () => {
        const id = `${topic}-t0`;
        const zombie = await fencedProducer(id);
        const owner = await fencedProducer(id);
        expect(await zombie.transact([{ topic, records: values(0, 9, 1) }])).toBe('fenced');
        await zombie.fence();
        expect(await zombie.transact([{ topic, records: values(0, 0, 1) }])).toBe('committed');
        expect(await owner.transact([{ topic, records: values(0, 9, 1) }])).toBe('fenced');
        await expectEventually(log, topic, 0, ['v0']);
        await Promise.all([zombie.close(), owner.close()]);
      });

      it('fencing one id leaves others alone', async () => {
        const a = await fencedProducer(`${topic}-a`);
        const b = await fencedProducer(`${topic}-b`);
        await a.fence();
        expect(await b.transact([{ topic, records: values(0, 0, 1) }])).toBe('committed');
        await Promise.all([a.close(), b.close()]);
      });

      it('owners racing with fences: whatever is said to be committed is there once, whatever is fenced is not', async () => {
        const id = `${topic}-t0`;
        const committed: string[] = [];
        const refused: string[] = [];
        const owner = async (mark: string): Promise<void> => {
          const producer = log.taskProducer(id);
          for (let round = 0; round < 5; round++) {
            await producer.fence();
            for (let i = 0; i < 5; i++) {
              const value = `${mark}-${round}-${i}`;
              const outcome = await producer.transact([{ topic, records: [{ partition: 0, key: null, value }, { partition: 1, key: null, value }] }]);
              if (outcome === 'committed') committed.push(value);
              if (outcome === 'fenced') refused.push(value);
              if (outcome !== 'committed') break;
            }
          }
          await producer.close();
        };
        await Promise.all([owner('a'), owner('b')]);
        await fencedProducer(id).then((last) => last.close());
        for (const partition of [0, 1]) {
          const seen = (await readAll(log, topic, partition)).map(text);
          expect(new Set(seen).size).toBe(seen.length);
          expect(committed.filter((v) => !seen.includes(v))).toEqual([]);
          expect(refused.filter((v) => seen.includes(v))).toEqual([]);
        }
      });

      it('a fence from a second opening of the log holds against the first', async () => {
        if (subject.second === undefined) return;
        const second = await subject.second();
        const zombie = await fencedProducer(`${topic}-t0`);
        const owner = await fencedProducer(`${topic}-t0`, second);
        expect(await zombie.transact([{ topic, records: values(0, 9, 1) }])).toBe('fenced');
        expect(await owner.transact([{ topic, records: values(0, 0, 1) }])).toBe('committed');
        await expectEventually(log, topic, 0, ['v0']);
        await second.close();
      });
    });

    describe('plain appends', () => {
      it('answers the offsets of the records, in the order given', async () => {
        const first = await log.writer.append(topic, [...values(0, 0, 2), ...values(1, 0, 1), ...values(0, 2, 1)]);
        expect(first).toEqual([0, 1, 0, 2]);
        expect(await log.writer.append(topic, values(0, 3, 2))).toEqual([3, 4]);
        expect(await log.writer.append(topic, [])).toEqual([]);
      });

      it('takes concurrent appends, keeping each together and in order', async () => {
        const offsets = await Promise.all(Array.from({ length: 40 }, (_, i) => log.writer.append(topic, values(0, i * 5, 5))));
        const records = await readAll(log, topic, 0);
        expect(records).toHaveLength(200);
        const byOffset = new Map(records.map((r) => [r.offset, text(r)]));
        offsets.forEach((batch, i) => expect(batch.map((o) => byOffset.get(o))).toEqual(values(0, i * 5, 5).map((r) => r.value)));
      });

      it('refuses an unknown topic, and goes on', async () => {
        await expect(log.writer.append(`${topic}-none`, values(0, 0, 1))).rejects.toThrow();
        await expect(log.writer.append(topic, values(7, 0, 1))).rejects.toThrow();
        expect(await log.writer.append(topic, values(0, 0, 1))).toHaveLength(1);
      });
    });

    describe('topics', () => {
      it('ensures once, grows, never shrinks', async () => {
        const name = `${topic}-a`;
        expect(await log.admin.partitions(name)).toBeNull();
        await log.admin.ensure([{ topic: name, partitions: 2, retentionMs: -1 }]);
        await log.admin.ensure([{ topic: name, partitions: 2, retentionMs: -1 }]);
        expect(await log.admin.partitions(name)).toBe(2);
        await log.admin.ensure([{ topic: name, partitions: 4 }]);
        expect(await log.admin.partitions(name)).toBe(4);
        await log.admin.ensure([{ topic: name, partitions: 1 }]);
        expect(await log.admin.partitions(name)).toBe(4);
        await log.writer.append(name, values(3, 0, 1));
        expect((await readAll(log, name, 3)).map(text)).toEqual(['v0']);
      });

      it('tells how a topic keeps its records, and knows nothing of one that is not there', async () => {
        const [named, compacted] = [`${topic}-named`, `${topic}-compacted`];
        await log.admin.ensure([
          { topic: named, partitions: 2, retentionMs: 3_600_000 },
          { topic: compacted, partitions: 1, compacted: true, retentionMs: -1 },
        ]);
        expect(await log.admin.describe(named)).toEqual({ topic: named, partitions: 2, cleanupPolicy: 'delete', retentionMs: 3_600_000, retentionBytes: -1, compactionLagMs: null });
        expect(await log.admin.describe(compacted)).toEqual({ topic: compacted, partitions: 1, cleanupPolicy: 'compact', retentionMs: -1, retentionBytes: -1, compactionLagMs: 60_000 });
        expect(await log.admin.describe(topic)).toEqual({ topic, partitions: 3, cleanupPolicy: 'delete', retentionMs: 7 * 86_400_000, retentionBytes: -1, compactionLagMs: null });
        expect(await log.admin.describe(`${topic}-none`)).toBeNull();
      });

      it('makes no topics that nobody declared, and says so', async () => {
        expect(await log.admin.makesTopics()).toBe(false);
      });

      it('trims from the front: ends move, a read below is refused', async () => {
        if (!options.trims) return;
        await log.writer.append(topic, values(0, 0, 10));
        await log.admin.trim(topic, 0, 6);
        await eventually(async () => expect(await endsOf(log, topic, 0)).toEqual({ partition: 0, start: 6, end: 10 }));
        expect((await readAll(log, topic, 0, 6)).map(text)).toEqual(['v6', 'v7', 'v8', 'v9']);
        await expect(log.reader.read(topic, 0, 2, READ)).rejects.toMatchObject({ name: 'OffsetOutOfRangeError', start: 6, end: 10 });
      });
    });

    describe('membership', () => {
      it('one member owns every task, and nothing after it left', async () => {
        const member = await joined(log);
        await eventually(() => expect(member.owned()).toEqual(slots()));
        expect(member.twice).toEqual([]);
        await log.membership.leave();
        expect(member.lost).toEqual([]);
      });

      it('two members share the tasks evenly; the first keeps what it can; a leaver hands its tasks back', async () => {
        if (options.members < 2 || subject.second === undefined) return;
        const a = await joined(log);
        await eventually(() => expect(a.owned()).toEqual(slots()));
        const second = await subject.second();
        const b = await joined(second);
        await eventually(() => expect([a.owned().length, b.owned().length]).toEqual([3, 3]));
        expect([...a.owned(), ...b.owned()].sort()).toEqual(slots());
        expect(a.assignedCalls.flat().sort()).toEqual(slots());
        expect(a.twice).toEqual([]);
        await second.membership.leave();
        await eventually(() => expect(a.owned()).toEqual(slots()));
        expect([...a.lost, ...b.lost]).toEqual([]);
        await second.close();
      });
    });
  });
}

interface Member {
  owned(): number[];
  readonly assignedCalls: number[][];
  /** tasks assigned while owned, or revoked while not */
  readonly twice: number[];
  readonly lost: Error[];
}

async function joined(log: Log): Promise<Member> {
  const owned = new Set<number>();
  const member = { owned: () => [...owned].sort((x, y) => x - y), assignedCalls: [] as number[][], twice: [] as number[], lost: [] as Error[] };
  await log.membership.join({
    onAssigned: (tasks) => {
      member.assignedCalls.push([...tasks]);
      for (const task of tasks) {
        if (owned.has(task)) member.twice.push(task);
        owned.add(task);
      }
    },
    onRevoked: (tasks) => {
      for (const task of tasks) if (!owned.delete(task)) member.twice.push(task);
    },
    onLost: (reason) => void member.lost.push(reason),
  });
  return member;
}

const slots = (): number[] => Array.from({ length: CONTRACT_TASK_SLOTS }, (_, i) => i);

/** Records `v<from>` … of one partition. */
export function values(partition: number, from: number, count: number): NewRecord[] {
  return Array.from({ length: count }, (_, i) => ({ partition, key: `k${from + i}`, value: `v${from + i}` }));
}

/** Everything from `from` to the end (or to `until`), checking on the way that each read starts where the last one ended. */
export async function readAll(log: Log, topic: string, partition: number, from = 0, maxBytes = 1 << 20, until?: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let position = from;
  for (;;) {
    const fetched = await log.reader.read(topic, partition, position, { maxBytes, maxWaitMs: 0 });
    for (const record of fetched.records) {
      expect(record.offset).toBeGreaterThanOrEqual(position);
      expect(record.offset).toBeLessThan(fetched.nextOffset);
    }
    expect(fetched.nextOffset).toBeGreaterThanOrEqual(position);
    records.push(...fetched.records);
    position = fetched.nextOffset;
    if (position >= (until ?? fetched.endOffset)) return records;
  }
}

async function toEnd(log: Log, topic: string, partition: number): Promise<Fetched> {
  let fetched = await log.reader.read(topic, partition, 0, READ);
  while (fetched.nextOffset < fetched.endOffset) fetched = await log.reader.read(topic, partition, fetched.nextOffset, READ);
  return fetched;
}

async function endsOf(log: Log, topic: string, partition: number): Promise<PartitionEnds> {
  const ends = (await log.reader.ends(topic)).find((e) => e.partition === partition);
  if (ends === undefined) throw new Error(`no ends of partition ${partition}`);
  return ends;
}

/** What is committed may take a moment to be readable: the marker follows the answer. */
async function expectEventually(log: Log, topic: string, partition: number, expected: readonly string[]): Promise<void> {
  await eventually(async () => expect((await readAll(log, topic, partition)).map(text)).toEqual(expected));
}

/** Repeats a check until it holds; the check's own failure is thrown after `withinMs`. */
export async function eventually(check: () => void | Promise<void>, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const decoder = new TextDecoder();
const text = (record: LogRecord): string => (record.value === null ? 'null' : decoder.decode(record.value));
const hex = (bytes: Uint8Array | string): string => (typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : Buffer.from(bytes)).toString('hex');
const sorted = (ends: readonly PartitionEnds[]): PartitionEnds[] => [...ends].sort((a, b) => a.partition - b.partition);

function plain(record: LogRecord): { key: string | null; value: string | null; headers: Record<string, string> } {
  return {
    key: record.key && hex(record.key),
    value: record.value && hex(record.value),
    headers: Object.fromEntries(Object.entries(record.headers ?? {}).map(([name, bytes]) => [name, hex(bytes)])),
  };
}
