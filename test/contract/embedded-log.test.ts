import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { OffsetOutOfRangeError } from '../../src/stream/log.js';
import type { Log, LogRecord, TaskProducer } from '../../src/stream/log.js';
import { LogInUseError } from '../../src/stream/embedded/database.js';
import { openEmbeddedLog } from '../../src/stream/embedded/embedded-log.js';
import type { EmbeddedLogOptions } from '../../src/stream/embedded/embedded-log.js';
import { CONTRACT_TASK_SLOTS, describeLogContract, eventually, readAll, values } from './log-contract.js';

const newDir = (): string => mkdtempSync(join(tmpdir(), 'vigil-log-'));

describeLogContract(
  'embedded',
  async () => {
    const dir = newDir();
    const log = await openEmbeddedLog({ dir, taskSlots: CONTRACT_TASK_SLOTS });
    return {
      log,
      cleanup: async () => {
        await log.close();
        rmSync(dir, { recursive: true });
      },
    };
  },
  { members: 1, trims: true },
);

describe('the embedded log', () => {
  let dir: string;
  const opened: Log[] = [];
  const children: ChildProcess[] = [];

  const open = async (options: Partial<EmbeddedLogOptions> = {}): Promise<Log> => {
    const log = await openEmbeddedLog({ dir, taskSlots: 1, ...options });
    opened.push(log);
    return log;
  };

  beforeEach(() => {
    dir = newDir();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const log of opened.splice(0)) await log.close();
    rmSync(dir, { recursive: true });
  });

  /** Another process with the folder open, running a few lines of its own; `line` gives what it prints next. */
  const otherProcess = (body: string): { child: ChildProcess; line(): Promise<string> } => {
    const script = `
      import { openEmbeddedLog } from ${JSON.stringify(resolve('src/stream/embedded/embedded-log.ts'))};
      const log = await openEmbeddedLog({ dir: ${JSON.stringify(dir)}, taskSlots: 1 });
      ${body}`;
    const flags = ['--no-warnings', '--experimental-transform-types', '--import', resolve('test/contract/typescript-imports.mjs'), '--input-type=module'];
    const child = spawn(process.execPath, [...flags, '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
    return { child, line: async () => String((await lines.next()).value) };
  };

  it('opens again with everything that was committed: records, ends, topics, epochs', async () => {
    const first = await open();
    await first.admin.ensure([
      { topic: 'plain', partitions: 2 },
      { topic: 'compacted', partitions: 2, compacted: true },
    ]);
    const headers = { kind: 'x', empty: '' };
    for (const topic of ['plain', 'compacted']) {
      await first.writer.append(topic, [...values(0, 0, 3), { partition: 1, key: '', value: '', headers }, { partition: 1, key: 'k', value: null }]);
    }
    const before = await everything(first);
    await first.admin.trim('plain', 0, 2);
    await first.close();
    const second = await open();
    expect(await second.reader.ends('plain')).toEqual([
      { partition: 0, start: 2, end: 3 },
      { partition: 1, start: 0, end: 2 },
    ]);
    expect(await everything(second, 2)).toEqual({ ...before, 'plain/0': before['plain/0']!.slice(2) });
    expect(before['compacted/1']).toEqual(before['plain/1']);
    expect(await second.writer.append('plain', values(0, 3, 1))).toEqual([3]);
    expect(await second.writer.append('compacted', values(1, 3, 1))).toEqual([2]);
  });

  it('keeps large records, and returns them one at a time when they are larger than maxBytes', async () => {
    const log = await open();
    await log.admin.ensure([
      { topic: 'plain', partitions: 1 },
      { topic: 'compacted', partitions: 1, compacted: true },
    ]);
    const large = (seed: number): Uint8Array => new Uint8Array(Buffer.alloc(3_000_001, Uint8Array.from({ length: 251 }, (_, i) => (i * seed) & 0xff)));
    for (const topic of ['plain', 'compacted']) {
      await log.writer.append(topic, [3, 5, 7].map((seed) => ({ partition: 0, key: `${seed}`, value: large(seed), headers: { copy: large(seed) } })));
      const first = await log.reader.read(topic, 0, 0, { maxBytes: 1000, maxWaitMs: 0 });
      expect(first).toMatchObject({ nextOffset: 1, endOffset: 3 });
      const records = await readAll(log, topic, 0, 0, 1000);
      expect(records.map((r) => [r.offset, Buffer.compare(r.value!, large(3 + 2 * r.offset)), Buffer.compare(r.headers!['copy']!, large(3 + 2 * r.offset))])).toEqual([
        [0, 0, 0],
        [1, 0, 0],
        [2, 0, 0],
      ]);
    }
  });

  it('refuses a second opening, from this process and from another one', async () => {
    await open();
    const error = await open().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LogInUseError);
    expect((error as Error).message).toContain(dir);
    await opened.pop()!.close();
    const other = otherProcess(`console.log('open'); setInterval(() => {}, 1000);`);
    expect(await other.line()).toBe('open');
    await expect(open()).rejects.toBeInstanceOf(LogInUseError);
    other.child.kill('SIGKILL');
    await once(other.child, 'exit');
    await open();
  });

  it('has everything that was answered before a kill -9, whole transactions only, and nothing twice', async () => {
    const other = otherProcess(`
      await log.admin.ensure([{ topic: 't', partitions: 3 }]);
      const producer = log.taskProducer('a');
      await producer.fence();
      const loop = async (write) => { for (let i = 0; ; i++) { await write(i); } };
      void loop(async (i) => {
        const outcome = await producer.transact([{ topic: 't', records: [0, 1].map((partition) => ({ partition, key: null, value: 'v' + i })) }]);
        console.log(outcome + ' ' + i);
      });
      void loop((i) => log.writer.append('t', Array.from({ length: 10 }, (_, n) => ({ partition: 2, key: null, value: i + '/' + n }))));
    `);
    let answered = -1;
    while (answered < 200) {
      const [outcome, i] = (await other.line()).split(' ');
      expect(outcome).toBe('committed');
      answered = Number(i);
    }
    other.child.kill('SIGKILL');
    await once(other.child, 'exit');
    const log = await open();
    const [zero, one, two] = await Promise.all([0, 1, 2].map(async (partition) => (await readAll(log, 't', partition)).map(text)));
    expect(zero!.length).toBeGreaterThan(answered);
    expect(zero).toEqual(zero!.map((_, i) => `v${i}`));
    expect(one).toEqual(zero);
    expect(two!.length % 10).toBe(0);
    expect(two).toEqual(two!.map((_, i) => `${Math.floor(i / 10)}/${i % 10}`));
    expect(await log.writer.append('t', values(0, 0, 1))).toEqual([zero!.length]);
  });

  it('fences over a restart: epochs go on', async () => {
    const first = await open();
    await first.admin.ensure([{ topic: 't', partitions: 1 }]);
    await first.taskProducer('a').fence();
    await first.close();
    const second = await open();
    const [before, owner] = [second.taskProducer('a'), second.taskProducer('a')];
    await before.fence();
    await owner.fence();
    expect(await before.transact([{ topic: 't', records: values(0, 9, 1) }])).toBe('fenced');
    expect(await owner.transact([{ topic: 't', records: values(0, 0, 1) }])).toBe('committed');
  });

  it('answers unknown when the disk is full, writes nothing of it, and goes on when there is room again', async () => {
    const log = await open({ sizeBytesMax: 1_000_000, pruneIntervalMs: 10 });
    await log.admin.ensure([{ topic: 't', partitions: 2 }]);
    const producer = log.taskProducer('a');
    await producer.fence();
    const transact = (of: TaskProducer) => of.transact([{ topic: 't', records: [0, 1].map((partition) => ({ partition, key: null, value: 'x'.repeat(40_000) })) }]);
    let committed = 0;
    let outcome = await transact(producer);
    for (; outcome === 'committed'; outcome = await transact(producer)) committed++;
    expect([outcome, committed > 5]).toEqual(['unknown', true]);
    await expect(log.writer.append('t', [{ partition: 0, key: null, value: 'x'.repeat(100_000) }])).rejects.toThrow('full');
    expect((await log.reader.ends('t')).map(({ end }) => end)).toEqual([committed, committed]);
    await log.admin.trim('t', 0, committed);
    await eventually(async () => {
      await producer.fence();
      expect(await transact(producer)).toBe('committed');
    });
    expect((await log.reader.ends('t')).map(({ end }) => end)).toEqual([committed + 1, committed + 1]);
  });

  it('one caller\'s mistake is not another\'s: what is written together is answered apart', async () => {
    const log = await open();
    await log.admin.ensure([
      { topic: 't', partitions: 1 },
      { topic: 'compacted', partitions: 1, compacted: true },
    ]);
    const [zombie, owner] = [log.taskProducer('a'), log.taskProducer('a')];
    const answers = await Promise.allSettled([
      zombie.fence(),
      log.writer.append('t', values(0, 0, 2)),
      owner.fence(),
      log.writer.append('t', values(1, 0, 1)),
      log.writer.append('compacted', [{ partition: 0, key: null, value: 'v' }]),
      log.writer.append('t', values(0, 2, 1)),
    ]);
    expect(answers.map((a) => (a.status === 'fulfilled' ? a.value : String(a.reason)))).toEqual([
      undefined,
      [0, 1],
      undefined,
      'UnknownTopicError: topic t has no partition 1',
      'Error: a record without a key for the compacted topic compacted',
      [2],
    ]);
    const write = (producer: TaskProducer, n: number) => producer.transact([{ topic: 't', records: values(0, n, 1) }]);
    expect(await Promise.all([write(zombie, 9), write(owner, 3), write(zombie, 9), log.writer.append('t', values(0, 4, 1))])).toEqual(['fenced', 'committed', 'fenced', [4]]);
    expect((await readAll(log, 't', 0)).map(text)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
  });

  it('removes what is older than the retention, keeps offsets, and keeps everything of a topic that is kept for ever', async () => {
    let nowMs = 1_000_000;
    const options = { clock: () => nowMs, pruneIntervalMs: 5, defaultRetentionMs: 60_000 };
    const log = await open(options);
    await log.admin.ensure([
      { topic: 'default', partitions: 1 },
      { topic: 'long', partitions: 1, retentionMs: 100_000 },
      { topic: 'forever', partitions: 1, retentionMs: -1 },
    ]);
    for (let i = 0; i < 5; i++) {
      for (const topic of ['default', 'long', 'forever']) await log.writer.append(topic, values(0, i * 1_000, 1_000));
      nowMs += 20_000;
    }
    const starts = (of: Log) => Promise.all(['default', 'long', 'forever'].map(async (topic) => (await of.reader.ends(topic))[0]));
    await eventually(async () =>
      expect(await starts(log)).toEqual([
        { partition: 0, start: 2_000, end: 5_000 },
        { partition: 0, start: 0, end: 5_000 },
        { partition: 0, start: 0, end: 5_000 },
      ]),
    );
    await expect(log.reader.read('default', 0, 1_999, { maxBytes: 1, maxWaitMs: 0 })).rejects.toBeInstanceOf(OffsetOutOfRangeError);
    expect((await readAll(log, 'default', 0, 2_000)).map(text)).toEqual(Array.from({ length: 3_000 }, (_, i) => `v${2_000 + i}`));
    nowMs += 1_000_000;
    const emptied = [
      { partition: 0, start: 5_000, end: 5_000 },
      { partition: 0, start: 5_000, end: 5_000 },
      { partition: 0, start: 0, end: 5_000 },
    ];
    await eventually(async () => expect(await starts(log)).toEqual(emptied));
    await log.close();
    const again = await open(options);
    expect(await starts(again)).toEqual(emptied);
    expect(await again.writer.append('default', values(0, 0, 1))).toEqual([5_000]);
  });

  it('compacts: the latest record of each key stays with its offset, older ones go after the lag, tombstones after theirs', async () => {
    let nowMs = 1_000_000;
    const options = { clock: () => nowMs, pruneIntervalMs: 5, compactionLagMs: 10_000, tombstoneRetentionMs: 100_000 };
    const log = await open(options);
    await log.admin.ensure([{ topic: 'state', partitions: 2, compacted: true, retentionMs: 1 }]);
    const write = (key: string, value: string | null) => log.writer.append('state', [{ partition: 1, key, value }]);
    for (let round = 0; round < 3; round++) for (let key = 0; key < 500; key++) await write(`k${key}`, `${round}`);
    await write('k7', null);
    const offsets = async (of: Log) => (await readAll(of, 'state', 1)).map((r) => [r.offset, text(r)]);
    expect(await offsets(log)).toHaveLength(1_501);
    nowMs += 10_000;
    const kept = Array.from({ length: 500 }, (_, key) => [1_000 + key, '2']).filter(([offset]) => offset !== 1_007);
    await eventually(async () => expect(await offsets(log)).toEqual([...kept, [1_500, 'null']]));
    nowMs += 100_001;
    await eventually(async () => expect(await offsets(log)).toEqual(kept));
    expect(await log.reader.ends('state')).toEqual([
      { partition: 0, start: 0, end: 0 },
      { partition: 1, start: 0, end: 1_501 },
    ]);
    await log.close();
    const again = await open(options);
    expect(await offsets(again)).toEqual(kept);
    await again.admin.trim('state', 1, 1_400);
    expect(await again.writer.append('state', [{ partition: 1, key: 'k7', value: 'new' }])).toEqual([1_501]);
    expect((await readAll(again, 'state', 1, 1_400)).map((r) => r.offset)).toEqual([...Array.from({ length: 100 }, (_, i) => 1_400 + i), 1_501]);
  });

  it('ends when the disk returns garbage: the member is told, and nothing more is written', async () => {
    const first = await open();
    await first.admin.ensure([{ topic: 't', partitions: 1 }]);
    for (let i = 0; i < 20; i++) await first.writer.append('t', [{ partition: 0, key: null, value: 'x'.repeat(100_000) }]);
    await first.close();
    const path = join(dir, 'log.db');
    const garbled = readFileSync(path).fill(0xa5, 200_000, 1_800_000);
    writeFileSync(path, garbled);
    const log = await open();
    const lost = new Promise<Error>((resolve) => {
      void log.membership.join({ onAssigned: () => {}, onRevoked: () => {}, onLost: resolve });
    });
    await expect(readAll(log, 't', 0)).rejects.toThrow('malformed');
    expect((await lost).message).toContain('malformed');
    await expect(log.writer.append('t', values(0, 0, 1))).rejects.toThrow('malformed');
    await expect(log.taskProducer('a').fence()).rejects.toThrow('malformed');
  });

  it('refuses work after it was closed, and ends the waits', async () => {
    const log = await open();
    await log.admin.ensure([{ topic: 't', partitions: 1 }]);
    const waiting = log.reader.read('t', 0, 0, { maxBytes: 1, maxWaitMs: 600_000 });
    const last = log.writer.append('t', values(0, 0, 1));
    // let the wait begin
    await log.reader.ends('t');
    await log.close();
    expect(await last).toEqual([0]);
    expect((await waiting).records.map(text)).toEqual([]);
    await expect(log.reader.read('t', 0, 0, { maxBytes: 1, maxWaitMs: 0 })).rejects.toThrow('closed');
    await expect(log.writer.append('t', values(0, 0, 1))).rejects.toThrow('closed');
  });
});

/** Keys, values, headers and offsets of all records of both topics. */
async function everything(log: Log, plainFrom = 0): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const topic of ['plain', 'compacted']) {
    for (const partition of [0, 1]) {
      const records = await readAll(log, topic, partition, topic === 'plain' && partition === 0 ? plainFrom : 0);
      found[`${topic}/${partition}`] = records.map((r) => [r.offset, hex(r.key), hex(r.value), Object.entries(r.headers ?? {}).map(([name, bytes]) => [name, hex(bytes)])]);
    }
  }
  return found;
}

const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex');
const text = (record: LogRecord): string => (record.value === null ? 'null' : Buffer.from(record.value).toString());
