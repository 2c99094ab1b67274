import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CatalogueWriter } from '../../src/persistence/catalogue/catalogue-writer.js';
import { RuleCatalogue } from '../../src/persistence/catalogue/rule-catalogue.js';
import type { Database } from '../../src/persistence/database.js';
import { limits } from '../../src/persistence/limits.js';
import { OutboxRelay } from '../../src/persistence/outbox-relay.js';
import { MemoryControlTopic } from './control-topic.js';
import { ann, reset, silent, until, type World, writerOf } from './world.js';

/** The way of changes to the control topic, whichever PostgreSQL they come from. */
export function relayContract(open: () => Promise<World>): void {
  let world: World;
  let database: Database;
  let writer: CatalogueWriter;
  let rules: RuleCatalogue;
  let control: MemoryControlTopic;
  let relays: OutboxRelay[];

  beforeAll(async () => {
    world = await open();
    database = world.database;
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await reset(database);
    writer = writerOf(database);
    rules = new RuleCatalogue(database, writer);
    control = new MemoryControlTopic();
    relays = [];
  });
  afterEach(async () => {
    for (const relay of relays) await relay.stop();
  });

  function startRelay(onWriter = writer, on = database): OutboxRelay {
    const relay = new OutboxRelay({ database: on, writer: onWriter, control, logger: silent });
    relays.push(relay);
    relay.start();
    return relay;
  }
  async function activate(count: number, prefix = 'r'): Promise<void> {
    for (let index = 1; index <= count; index += 1) {
      await rules.create(`${prefix}${index}`, { id: `${prefix}${index}` }, ann);
      await rules.transition(`${prefix}${index}`, 1, 'activate', null, ann);
    }
  }
  async function unpublished(): Promise<number> {
    const [row] = (await database.read((manager) => manager.query('select count(*) as rows from outbox where published_at_ms is null'))) as [{ rows: number }];
    return row.rows;
  }
  const range = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

  describe('the outbox relay', () => {
    it('publishes what was there before it, and then each change at once', async () => {
      await activate(2);
      const relay = new OutboxRelay({ database, writer, control, logger: silent, pollMs: 3_600_000 });
      relays.push(relay);
      relay.start();
      await until(() => control.records.length === 2);
      await activate(1, 's');
      await until(() => control.records.length === 3);
      await until(async () => (await unpublished()) === 0);
      expect(control.records.map((record) => [record.change, record.kind])).toEqual(range(3).map((number) => [{ catalogue: database.catalogueId, number }, 'rule']));
      expect(relay.status).toEqual({ state: 'working', reason: null });
    });

    it('publishes more than one append takes, in order', async () => {
      await activate(limits.outboxRowsPerAppend + 2);
      startRelay();
      await until(async () => (await unpublished()) === 0);
      expect(control.numbers).toEqual(range(limits.outboxRowsPerAppend + 2));
    });

    it('finds changes of other processes by itself', async () => {
      startRelay(writerOf(database));
      await activate(1);
      await until(() => control.records.length === 1);
    });

    it('publishes once a change whose relay crashed between publishing and noting it', async () => {
      await activate(2);
      const rows = (await database.read((manager) => manager.query('select payload from outbox order by number'))) as { payload: never }[];
      await control.append(rows.map((row) => row.payload));
      await activate(1, 's');
      startRelay();
      await until(async () => (await unpublished()) === 0);
      expect(control.numbers).toEqual([1, 2, 3]);
    });

    it('tries again while the log is away, and says so', async () => {
      control.failure = 'before';
      const relay = startRelay();
      await activate(1);
      await until(() => relay.status.state === 'waiting');
      expect(relay.status.reason).toBe('the log is away');
      control.failure = 'none';
      await until(async () => (await unpublished()) === 0);
      expect(control.numbers).toEqual([1]);
    });

    it('gives readers every change once and in order, when replies are lost and two relays overlap', async () => {
      const other = new OutboxRelay({ database, writer, control, logger: silent });
      relays.push(other);
      startRelay();
      let open = (): void => {};
      control.gate = new Promise((resolve) => (open = resolve));
      await activate(2);
      // the first relay is stuck in its append, and loses its lease
      await database.read((manager) => manager.query('delete from leases'));
      control.gate.then(() => (control.failure = 'after')).catch(() => {});
      other.start();
      await activate(1, 's');
      open();
      await until(() => control.records.length > 0);
      control.failure = 'none';
      await until(async () => (await unpublished()) === 0);
      expect(control.applied).toEqual([1, 2, 3]);
    });

    it('works in one process at a time, and in the next when that one stops', async () => {
      const first = startRelay();
      await until(() => first.status.state === 'working');
      const second = startRelay(writerOf(database));
      await until(() => second.status.state === 'standby');
      await first.stop();
      await activate(1);
      await until(() => control.records.length === 1);
      // it says so once its step is over, which is after the append
      await until(() => second.status.state === 'working');
    });

    const foreign = { kind: 'list' as const, name: 'l', replace: true, set: [], remove: [] };
    it.each([
      ['belongs to another catalogue', async () => control.append([{ ...foreign, change: { catalogue: 'other', number: 1 } }]), 'control.other-catalogue'],
      ['is ahead of a database restored from an older copy', async () => control.append([{ ...foreign, change: { catalogue: database.catalogueId, number: 9 } }]), 'control.ahead'],
      ['lost what was published', async () => void (await database.read((manager) => manager.query('update outbox set published_at_ms = 1'))), 'control.lost'],
      [
        'ends before what was published',
        async () => {
          await database.read((manager) => manager.query('update outbox set published_at_ms = 1'));
          await control.append([{ ...foreign, change: { catalogue: database.catalogueId, number: 1 } }]);
        },
        'control.behind',
      ],
    ])('refuses a control topic that %s', async (_, arrange, code) => {
      await activate(2);
      await arrange();
      const before = [...control.records];
      const relay = startRelay();
      await until(() => relay.status.state === 'refused');
      expect(relay.status.reason).toMatch(new RegExp(`^${code}: `));
      expect(control.records).toEqual(before);
    });
  });
}
