import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AlertFeed, type FeedEntry } from '../../src/persistence/alerts/alert-feed.js';
import { AlertIndex, type AlertFilter } from '../../src/persistence/alerts/alert-index.js';
import { AlertIndexer } from '../../src/persistence/alerts/alert-indexer.js';
import { type IndexedAlert, readAlert } from '../../src/persistence/alerts/indexed-alert.js';
import type { Database } from '../../src/persistence/database.js';
import { limits } from '../../src/persistence/limits.js';
import { MemoryAlertLog } from './alert-log-in-memory.js';
import { reset, silent, TestClock, until, type World } from './world.js';

const all: AlertFilter = { rule: null, version: null, key: null, severity: null, type: null, kind: null, shadow: null, from: null, to: null };

function document(id: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { id, rule: 'r', version: 1, key: ['c1'], at: 1000, severity: 'high', type: 't', kind: 'alert', facts: { z: 1, a: 2 }, ...more };
}
function alert(id: string, more: Record<string, unknown> = {}, shadow = false): IndexedAlert {
  const read = readAlert(Buffer.from(JSON.stringify(document(id, more))), shadow);
  if (read === null) throw new Error(`${id} is no alert`);
  return read;
}

/** The index of alerts and its way there, whichever PostgreSQL it is on. */
export function alertsContract(open: () => Promise<World>): void {
  let world: World;
  let database: Database;
  let clock: TestClock;
  let index: AlertIndex;

  beforeAll(async () => {
    world = await open();
    database = world.database;
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await reset(database);
    clock = new TestClock();
    index = new AlertIndex(database, clock.now);
  });

  const ids = async (filter: Partial<AlertFilter>, limit = 50): Promise<string[]> => (await index.list({ ...all, ...filter }, { limit, after: null })).items.map((item) => item.id);

  describe('the alert index', () => {
    it('gives an alert back as on its topic, with what it cannot store in a column', async () => {
      const strange = document('x', { key: ['a\u0000b', '\ud800', '"'], type: 'x\u0000', facts: { z: '\u0000\ud800', a: 1 } });
      await index.add([alert('x', strange, true)], []);
      expect(JSON.stringify(await index.get('x'))).toBe(JSON.stringify({ ...strange, shadow: true }));
      expect(await ids({ key: ['a\u0000b', '\ud800', '"'] })).toEqual(['x']);
      expect(await index.get('y')).toBeNull();
    });

    it('takes an alert once, and says which were new', async () => {
      expect((await index.add([alert('a'), alert('b'), alert('a')], [])).map((one) => [one.seen, one.alert.id])).toEqual([[1, 'a'], [2, 'b']]);
      expect((await index.add([alert('b', { at: 9 }), alert('c')], [])).map((one) => [one.seen, one.alert.id])).toEqual([[3, 'c']]);
      expect((await index.get('b'))?.at).toBe(1000);
    });

    it('finds by each filter', async () => {
      await index.add([alert('a', { rule: 'q', at: 1 }), alert('b', { version: 2, at: 2 }), alert('c', { key: ['c1', 'x'], at: 3 }), alert('d', { severity: 'low', at: 4 })], []);
      await index.add([alert('e', { type: 'u', at: 5 }), alert('f', { kind: 'resolved', at: 6 }), alert('g', { at: 7 }, true)], []);
      expect(await ids({})).toEqual(['g', 'f', 'e', 'd', 'c', 'b', 'a']);
      expect(await ids({ rule: 'q' })).toEqual(['a']);
      expect(await ids({ version: 2 })).toEqual(['b']);
      expect(await ids({ version: 1e12 })).toEqual([]);
      expect(await ids({ key: ['c1', 'x'] })).toEqual(['c']);
      expect(await ids({ severity: 'low' })).toEqual(['d']);
      expect(await ids({ type: 'u' })).toEqual(['e']);
      expect(await ids({ kind: 'resolved' })).toEqual(['f']);
      expect(await ids({ shadow: true })).toEqual(['g']);
      expect(await ids({ from: 3, to: 5 })).toEqual(['d', 'c']);
      expect(await ids({ rule: 'r', key: ['c1'], shadow: false, from: 5 })).toEqual(['f', 'e']);
    });

    it('pages by time and id, newest first, while new ones arrive', async () => {
      await index.add(['a', 'b', 'c', 'd', 'e'].map((id) => alert(id, { at: id === 'e' ? 500 : 1000 })), []);
      const first = await index.list(all, { limit: 2, after: null });
      await index.add([alert('new', { at: 2000 })], []);
      const second = await index.list(all, { limit: 2, after: first.next });
      const third = await index.list(all, { limit: 2, after: second.next });
      expect([first, second, third].map((page) => page.items.map((item) => item.id))).toEqual([['d', 'c'], ['b', 'a'], ['e']]);
      expect(third.next).toBeNull();
    });

    it('moves a position only from where it is', async () => {
      const step = (from: number | null, next: number): { topic: string; partition: number; from: number | null; next: number } => ({ topic: 't', partition: 0, from, next });
      await index.add([alert('a')], [step(null, 5)]);
      await index.add([], [step(5, 9)]);
      await expect(index.add([alert('b')], [step(5, 7)])).rejects.toMatchObject({ code: 'indexer.position-moved' });
      await expect(index.add([alert('b')], [step(null, 7)])).rejects.toMatchObject({ code: 'indexer.position-moved' });
      await expect(index.add([alert('b')], [{ ...step(5, 7), partition: 1 }])).rejects.toMatchObject({ code: 'indexer.position-moved' });
      expect([await index.positions('t'), await ids({})]).toEqual([new Map([[0, 9]]), ['a']]);
    });

    it('keeps as many as allowed, and as long, and says what is gone', async () => {
      await index.add([alert('a'), alert('b')], []);
      clock.nowMs += 1000;
      await index.add([alert('c'), alert('d'), alert('e')], []);
      expect(await index.removeOld(10, 1000)).toBe(0);
      expect([await index.removeOld(4, 1000), await ids({})]).toEqual([1, ['e', 'd', 'c', 'b']]);
      expect([await index.removeOld(10, 999), await ids({})]).toEqual([1, ['e', 'd', 'c']]);
      const since = async (seen: number): Promise<unknown> => {
        const { entries, complete } = await index.since(seen, 2);
        return [entries.map((entry) => entry.seen), complete];
      };
      expect([await since(0), await since(2), await since(4), await since(5), await since(6)]).toEqual([[[3, 4], false], [[3, 4], true], [[5], true], [[], true], [[], false]]);
    });
  });

  describe('the alert indexer', () => {
    const topics = [{ topic: 'alerts', shadow: false }, { topic: 'shadow', shadow: true }];
    let log: MemoryAlertLog;
    let stops: (() => Promise<void>)[];

    beforeEach(() => {
      log = new MemoryAlertLog({ alerts: 2, shadow: 1 });
      stops = [];
    });
    afterEach(async () => {
      for (const stop of stops.reverse()) await stop();
    });
    const text = (id: string, at = 1000): string => JSON.stringify(document(id, { at }));
    function start(): AlertIndexer {
      const indexer = new AlertIndexer({ database, index, log, topics, logger: silent });
      stops.push(() => indexer.stop());
      indexer.start();
      return indexer;
    }

    it('copies what was there and what comes, of all partitions and topics', async () => {
      log.write('alerts', 0, text('a', 1), text('b', 2));
      log.write('alerts', 1, text('c', 3));
      const indexer = start();
      await until(async () => (await ids({})).length === 3);
      log.write('shadow', 0, text('d', 4));
      indexer.wake();
      await until(async () => (await ids({})).length === 4);
      expect([await ids({}), await ids({ shadow: true })]).toEqual([['d', 'c', 'b', 'a'], ['d']]);
      expect([await index.positions('alerts'), await index.positions('shadow')]).toEqual([new Map([[0, 2], [1, 1]]), new Map([[0, 1]])]);
    });

    it('goes on where the one before stopped', async () => {
      log.write('alerts', 0, text('a', 1));
      const first = start();
      await until(async () => (await ids({})).length === 1);
      await first.stop();
      log.write('alerts', 0, text('b', 2));
      log.reads.length = 0;
      start();
      await until(async () => (await ids({})).length === 2);
      expect(log.reads).toEqual(['alerts/0 from 1']);
    });

    it('copies more than one transaction takes', async () => {
      const many = Array.from({ length: limits.alertsPerTransaction * 2 + 1 }, (_, number) => text(`a${number}`, number));
      log.write('alerts', 0, ...many);
      log.write('alerts', 1, text('z', 5000));
      start();
      await until(async () => (await index.newest()) === many.length + 1);
      expect(await index.positions('alerts')).toEqual(new Map([[0, many.length], [1, 1]]));
    });

    it('leaves out what is no alert, and counts it', async () => {
      log.write('alerts', 0, text('a'), 'nonsense', '{"id":"x"}', text('b', 2000));
      const indexer = start();
      await until(async () => (await ids({})).length === 2);
      expect([await ids({}), indexer.unreadable]).toEqual([['b', 'a'], 2]);
    });

    it('goes on from the first record kept when the log dropped what it had not read, and when the topic was made anew', async () => {
      log.write('alerts', 0, text('a'), text('b'), text('c', 3000));
      log.trim('alerts', 0, 2);
      const indexer = start();
      await until(async () => (await ids({})).length === 1);
      await indexer.stop();
      log.recreate('alerts', 0);
      log.write('alerts', 0, text('d', 4000));
      start();
      await until(async () => (await ids({})).length === 2);
      expect([await ids({}), (await index.positions('alerts')).get(0)]).toEqual([['d', 'c'], 1]);
    });

    it('waits while the log is away, with the reason', async () => {
      log.failure = new Error('the log is away');
      const indexer = start();
      await until(() => indexer.status.state === 'waiting');
      expect(indexer.status.reason).toBe('the log is away');
      log.write('alerts', 0, text('a'));
      log.failure = null;
      await until(async () => (await ids({})).length === 1);
    });

    it('works in one process at a time', async () => {
      const first = start();
      await until(() => first.status.state === 'working');
      const second = start();
      await until(() => second.status.state === 'standby');
      await first.stop();
      await until(() => second.status.state === 'working');
    });

    it('feeds subscribers with what is new, in order, and lets them resume', async () => {
      await index.add([alert('old')], []);
      const indexer = start();
      const feed = new AlertFeed(index, indexer, silent);
      stops.push(() => feed.stop());
      await feed.start();
      const entries: FeedEntry[] = [];
      const end = feed.subscribe((entry) => entries.push(entry));
      log.write('alerts', 0, text('a'), text('b'));
      await until(() => entries.length === 2);
      end();
      await index.add([alert('c')], []);
      const kept = await feed.since(entries[0]?.position ?? '', 10);
      expect([entries.map((entry) => entry.alert.id), kept.entries.map((entry) => entry.alert.id), kept.complete]).toEqual([['a', 'b'], ['b', 'c'], true]);
      expect(await feed.since('nonsense', 10)).toEqual({ entries: [], complete: false });
    });

    it('feeds subscribers of a process that does not index', async () => {
      const feed = new AlertFeed(index, null, silent);
      stops.push(() => feed.stop());
      await feed.start();
      const entries: FeedEntry[] = [];
      feed.subscribe((entry) => entries.push(entry));
      await index.add([alert('a')], []);
      await until(() => entries.length === 1);
      expect(entries).toEqual([{ position: '1', alert: { ...document('a'), shadow: false } }]);
    });
  });
}
