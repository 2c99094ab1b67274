import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { adoptControlTopic, republishCatalogue } from '../../src/persistence/catalogue/catalogue-recovery.js';
import type { CatalogueWriter } from '../../src/persistence/catalogue/catalogue-writer.js';
import { ListCatalogue } from '../../src/persistence/catalogue/list-catalogue.js';
import { RuleCatalogue } from '../../src/persistence/catalogue/rule-catalogue.js';
import { SourceCatalogue } from '../../src/persistence/catalogue/source-catalogue.js';
import { AlertIndex } from '../../src/persistence/alerts/alert-index.js';
import { ControlStanding } from '../../src/persistence/control-standing.js';
import type { Database } from '../../src/persistence/database.js';
import { Housekeeping } from '../../src/persistence/housekeeping.js';
import { IdempotencyKeys } from '../../src/persistence/idempotency.js';
import { limits } from '../../src/persistence/limits.js';
import { ann, outbox, reset, silent, TestClock, type World, writerOf } from './world.js';

const firstPage = { limit: 50, after: null };

/** Bringing catalogue and control topic together again, and keeping house, whichever PostgreSQL it is on. */
export function recoveryContract(open: () => Promise<World>): void {
  let world: World;
  let database: Database;
  let clock: TestClock;
  let writer: CatalogueWriter;
  let sources: SourceCatalogue;
  let rules: RuleCatalogue;
  let lists: ListCatalogue;

  beforeAll(async () => {
    world = await open();
    database = world.database;
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await reset(database);
    clock = new TestClock();
    writer = writerOf(database, clock);
    sources = new SourceCatalogue(database, writer);
    rules = new RuleCatalogue(database, writer);
    lists = new ListCatalogue(database, writer, clock.now);
  });

  async function fill(): Promise<void> {
    for (const name of ['s', 'gone']) await sources.put(name, { definition: { topic: name }, startOffsets: [4] }, null, ann);
    await sources.delete('gone', null, ann);
    await lists.put('l', { description: '', entries: [{ value: 'a', expiresAt: null }, { value: 'b', expiresAt: 1_900_000_000_000 }] }, null, ann);
    await lists.change('l', { set: [{ value: 'c', expiresAt: null }], remove: ['a'] }, null, ann);
    await rules.create('r', { id: 'r', from: ['s'], let: { z: 1, a: 1 } }, ann);
    await rules.put('r', { id: 'r', from: ['s'], let: { a: 1, z: 1 } }, null, ann);
    await rules.transition('r', 1, 'activate', null, ann);
    await rules.transition('r', 2, 'shadow', null, ann);
    await rules.transition('r', 2, 'pause', null, ann);
    await rules.create('draft', { id: 'draft' }, ann);
    await rules.create('old', { id: 'old' }, ann);
    await rules.transition('old', 1, 'activate', null, ann);
    await rules.transition('old', 1, 'retire', null, ann);
  }
  /** What tasks know, as the catalogue shows it. */
  async function shown(): Promise<unknown> {
    const views = (await rules.list({ status: null, tag: null, severity: null, search: null }, firstPage)).items;
    return {
      sources: (await sources.list(firstPage)).items.map((item) => [item.name, item.definition, item.startOffsets]),
      entries: await lists.entries('l', firstPage),
      rules: views.filter((view) => view.id !== 'draft').map((view) => [view.id, view.live?.version ?? null, view.live?.status ?? null, view.versions.map((one) => one.status), JSON.stringify(view.latest.rule)]),
    };
  }

  describe('an empty catalogue', () => {
    it('takes over what the control topic says, repetitions and all, and its identity', async () => {
      await fill();
      const before = await shown();
      const theirs = (record: ControlRecord): ControlRecord => ({ ...record, change: { catalogue: '6f1c1f8e-9f43-4c8e-8f65-0a7a54a0a001', number: record.change.number } });
      const records = (await outbox(database)).map(theirs);
      const ours = database.catalogueId;
      await reset(database);
      await adoptControlTopic(database, [...records.slice(0, 6), ...records.slice(3)], clock.now);
      expect(await shown()).toEqual(before);
      expect(await new ControlStanding(database).refusal(records.at(-1)?.change ?? null)).toBeNull();
      expect((await rules.transition('r', 2, 'resume', null, ann)).live?.status).toBe('shadow');
      expect((await outbox(database)).map((record) => record.change)).toEqual([{ catalogue: '6f1c1f8e-9f43-4c8e-8f65-0a7a54a0a001', number: records.length + 1 }]);
      await database.read((manager) => manager.query('update catalogue set id = $1', [ours]));
      database.takeIdentity(ours);
    });

    it('is asked for: one that holds anything is left alone', async () => {
      await sources.put('s', { definition: {}, startOffsets: [] }, null, ann);
      await expect(adoptControlTopic(database, [], clock.now)).rejects.toMatchObject({ code: 'catalogue.not-empty' });
    });
  });

  it('a catalogue whose control topic was lost says everything anew, with higher numbers', async () => {
    await fill();
    const made = (await outbox(database)).length;
    await database.read((manager) => manager.query('update outbox set published_at_ms = 1'));
    expect(await new ControlStanding(database).refusal(null)).toMatch(/^control.lost: /);
    await republishCatalogue(writer, ann);
    expect(await new ControlStanding(database).refusal(null)).toBeNull();
    expect((await outbox(database)).map((record) => [record.change.number, record.kind])).toEqual([[made + 1, 'source'], [made + 2, 'list'], [made + 3, 'rule']]);
  });

  it('housekeeping removes what is too old, in bounded pieces, and keeps the newest published change', async () => {
    const keep = new Housekeeping({ database, alerts: new AlertIndex(database, clock.now), idempotency: new IdempotencyKeys(database, clock.now), logger: silent, now: clock.now });
    await fill();
    const made = (await outbox(database)).length;
    await database.read((manager) => manager.query('update outbox set published_at_ms = created_at_ms'));
    await database.read((manager) => manager.query(`insert into audit (at_ms, actor, key_id, action, subject, request_id, detail) select 0, '', '', '', '', '', '{}' from generate_series(1, ${limits.rowsBeforeVacuum})`));
    expect(await keep.sweep()).toBe(false);
    clock.nowMs += limits.auditAgeMaxMs + 1;
    let sweeps = 1;
    while (await keep.sweep()) sweeps += 1;
    expect(sweeps).toBeGreaterThanOrEqual(limits.rowsBeforeVacuum / limits.rowsPerDelete);
    expect((await outbox(database)).map((record) => record.change.number)).toEqual([made]);
    const [left] = (await database.read((manager) => manager.query('select (select count(*) from audit) as audit, (select count(*) from list_entries where expires_at_ms is not null) as expiring'))) as unknown[];
    expect(left).toEqual({ audit: 0, expiring: 1 });
    clock.nowMs = 1_900_000_000_000;
    await keep.sweep();
    expect(await database.read((manager) => manager.query('select value from list_entries'))).toEqual([{ value: 'c' }]);
  });
}
