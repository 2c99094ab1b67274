import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ListCatalogue } from '../../src/persistence/catalogue/list-catalogue.js';
import { AuditLog } from '../../src/persistence/catalogue/audit-log.js';
import type { RuleAction } from '../../src/persistence/catalogue/rule-transitions.js';
import { RuleCatalogue } from '../../src/persistence/catalogue/rule-catalogue.js';
import type { RuleFilter } from '../../src/persistence/catalogue/rule-views.js';
import { SourceCatalogue } from '../../src/persistence/catalogue/source-catalogue.js';
import type { Database } from '../../src/persistence/database.js';
import { limits } from '../../src/persistence/limits.js';
import { ann, outbox, reset, TestClock, type World, writerOf } from './world.js';

const everything: RuleFilter = { status: null, tag: null, severity: null, search: null };
const firstPage = { limit: 50, after: null };

function rule(id: string, more: Record<string, unknown> = {}): { [name: string]: never } {
  return { id, name: `Rule ${id}`, severity: 'high', tags: ['ato'], from: ['accounts'], let: { z: 1, a: 2 }, ...more } as never;
}

/** What every catalogue does, whichever PostgreSQL it is on. */
export function catalogueContract(open: () => Promise<World>): void {
  let world: World;
  let database: Database;
  let clock: TestClock;
  let sources: SourceCatalogue;
  let rules: RuleCatalogue;
  let lists: ListCatalogue;
  let audit: AuditLog;

  beforeAll(async () => {
    world = await open();
    database = world.database;
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await reset(database);
    clock = new TestClock();
    const writer = writerOf(database, clock);
    sources = new SourceCatalogue(database, writer);
    rules = new RuleCatalogue(database, writer);
    lists = new ListCatalogue(database, writer, clock.now);
    audit = new AuditLog(database);
  });

  const change = (number: number): { catalogue: string; number: number } => ({ catalogue: database.catalogueId, number });

  describe('sources', () => {
    const declaration = { definition: { topic: 't', z: 1, a: [1.5, 'x'] }, startOffsets: [3, 0] };

    it('are declared, changed and deleted, each change once on the outbox', async () => {
      expect(await sources.put('s', declaration, null, ann)).toEqual({
        outcome: 'created',
        item: { name: 's', ...declaration, revision: 1, change: 1, createdAtMs: clock.nowMs, updatedAtMs: clock.nowMs, updatedBy: 'ann' },
      });
      expect((await sources.put('s', declaration, null, ann)).outcome).toBe('unchanged');
      const changed = await sources.put('s', { ...declaration, startOffsets: [3, 0, 0] }, [1], ann);
      expect([changed.outcome, changed.item.revision]).toEqual(['changed', 2]);
      expect(await sources.delete('s', 'any', ann)).toBe(true);
      expect(await sources.delete('s', null, ann)).toBe(false);
      expect(await sources.get('s')).toBeNull();
      expect(await outbox(database)).toEqual([
        { kind: 'source', change: change(1), name: 's', ...declaration },
        { kind: 'source', change: change(2), name: 's', definition: declaration.definition, startOffsets: [3, 0, 0] },
        { kind: 'source', change: change(3), name: 's', definition: null, startOffsets: [] },
      ]);
    });

    it('come in pages in order of name', async () => {
      for (const name of ['b', 'B', 'a', 'é']) await sources.put(name, declaration, null, ann);
      const first = await sources.list({ limit: 3, after: null });
      const second = await sources.list({ limit: 3, after: first.next });
      expect([first.items.map((item) => item.name), second.items.map((item) => item.name), second.next]).toEqual([['B', 'a', 'b'], ['é'], null]);
    });

    it('refuse a stale revision, and one of a source that is not there', async () => {
      await sources.put('s', declaration, null, ann);
      await expect(sources.put('s', { ...declaration, startOffsets: [] }, [2], ann)).rejects.toMatchObject({ code: 'revision.stale' });
      await expect(sources.put('other', declaration, 'any', ann)).rejects.toMatchObject({ code: 'revision.stale' });
      await expect(sources.delete('s', [7], ann)).rejects.toMatchObject({ code: 'revision.stale' });
      expect((await outbox(database)).length).toBe(1);
    });

    it('cannot be deleted while a live rule reads them', async () => {
      await sources.put('accounts', declaration, null, ann);
      await rules.create('r', rule('r'), ann);
      await rules.transition('r', 1, 'shadow', null, ann);
      await expect(sources.delete('accounts', null, ann)).rejects.toMatchObject({ code: 'source.in-use', message: expect.stringContaining('r') });
      await rules.transition('r', 1, 'retire', null, ann);
      expect(await sources.delete('accounts', null, ann)).toBe(true);
    });

    it('refuse text that cannot be stored, by name', async () => {
      await expect(sources.put('a\u0000b', declaration, null, ann)).rejects.toMatchObject({ code: 'text.not-storable' });
    });

    it('refuse a cursor that no page gave', async () => {
      await expect(sources.list({ limit: 3, after: 'nonsense' })).rejects.toMatchObject({ code: 'cursor.invalid' });
    });
  });

  describe('rules', () => {
    it('begin as a draft that tasks do not hear of', async () => {
      const view = await rules.create('r', rule('r'), ann);
      const version = { id: 'r', version: 1, status: 'draft', rule: rule('r'), createdAt: clock.nowMs, createdBy: 'ann', statusAt: clock.nowMs };
      expect(view).toEqual({
        id: 'r',
        name: 'Rule r',
        severity: 'high',
        tags: ['ato'],
        revision: 1,
        latest: version,
        live: null,
        versions: [{ version: 1, status: 'draft', createdAt: clock.nowMs, createdBy: 'ann' }],
      });
      expect(await rules.get('r')).toEqual(view);
      expect(await rules.version('r', 1)).toEqual(version);
      expect(await outbox(database)).toEqual([]);
      await expect(rules.create('r', rule('r'), ann)).rejects.toMatchObject({ code: 'rule.exists' });
    });

    it('keep the order of members, and characters that jsonb refuses', async () => {
      const document = rule('r', { text: '\u0000', let: { z: 1, b: 2, a: 3 } });
      await rules.create('r', document, ann);
      expect(JSON.stringify((await rules.version('r', 1))?.rule)).toBe(JSON.stringify(document));
    });

    it('take the same document again as no change, also one whose `let` is in another order as a change', async () => {
      await rules.create('r', rule('r'), ann);
      expect((await rules.put('r', rule('r'), [1], ann)).outcome).toBe('unchanged');
      const reordered = await rules.put('r', rule('r', { let: { a: 2, z: 1 } }), [1], ann);
      expect([reordered.outcome, reordered.item.latest.version, reordered.item.revision]).toEqual(['changed', 2, 2]);
      expect((await rules.put('new', rule('new'), null, ann)).outcome).toBe('created');
    });

    it('never change a version', async () => {
      await rules.create('r', rule('r'), ann);
      const change = (sql: string): Promise<unknown> => database.read((manager) => manager.query(sql));
      await expect(change(`update rule_versions set document = '{}'`)).rejects.toThrow('immutable');
      await expect(change('delete from rule_versions')).rejects.toThrow('immutable');
    });

    it('move through their life with each step once on the outbox', async () => {
      await rules.create('r', rule('r'), ann);
      await rules.put('r', rule('r', { name: 'Second' }), null, ann);
      const statuses: unknown[] = [];
      const steps: [number, RuleAction][] = [[1, 'shadow'], [1, 'activate'], [1, 'pause'], [1, 'resume'], [2, 'shadow'], [2, 'pause'], [2, 'resume'], [1, 'activate'], [1, 'retire']];
      for (const [version, action] of steps) {
        const view = await rules.transition('r', version, action, null, ann);
        statuses.push([view.live?.version ?? null, view.live?.status ?? null, view.versions.map((one) => one.status).join(' ')]);
      }
      expect(statuses).toEqual([
        [1, 'shadow', 'shadow draft'],
        [1, 'active', 'active draft'],
        [1, 'paused', 'paused draft'],
        [1, 'active', 'active draft'],
        [2, 'shadow', 'retired shadow'],
        [2, 'paused', 'retired paused'],
        [2, 'shadow', 'retired shadow'],
        [1, 'active', 'active retired'],
        [null, null, 'retired retired'],
      ]);
      const sent = (await outbox(database)).map((record) => (record.kind === 'rule' ? [record.change.number, record.version, record.status] : record));
      expect(sent).toEqual([[1, 1, 'shadow'], [2, 1, 'active'], [3, 1, 'paused'], [4, 1, 'active'], [5, 2, 'shadow'], [6, 2, 'paused'], [7, 2, 'shadow'], [8, 1, 'active'], [9, 1, 'retired']]);
    });

    it('take the same transition again as no change', async () => {
      await rules.create('r', rule('r'), ann);
      const first = await rules.transition('r', 1, 'activate', [1], ann);
      expect(await rules.transition('r', 1, 'activate', [2], ann)).toEqual(first);
      expect(await outbox(database)).toEqual([{ kind: 'rule', change: change(1), ruleId: 'r', version: 1, status: 'active', document: rule('r') }]);
    });

    it('refuse what their standing does not allow, and say why', async () => {
      await rules.create('r', rule('r'), ann);
      await expect(rules.transition('r', 1, 'pause', null, ann)).rejects.toMatchObject({ code: 'rule.transition-refused', message: 'version 1 of rule r is draft: pause is not possible from there' });
      await expect(rules.transition('r', 2, 'activate', null, ann)).rejects.toMatchObject({ code: 'rule.version-not-found' });
      await expect(rules.transition('r', 1e12, 'activate', null, ann)).rejects.toMatchObject({ code: 'rule.version-not-found' });
      await expect(rules.transition('q', 1, 'activate', null, ann)).rejects.toMatchObject({ code: 'rule.not-found' });
      await expect(rules.transition('r', 1, 'activate', [9], ann)).rejects.toMatchObject({ code: 'revision.stale' });
      expect(await outbox(database)).toEqual([]);
    });

    it('can be retired as drafts without tasks hearing of it', async () => {
      await rules.create('r', rule('r'), ann);
      expect((await rules.transition('r', 1, 'retire', null, ann)).latest.status).toBe('retired');
      expect(await outbox(database)).toEqual([]);
    });

    it('are found by status, tag, severity and part of a name, in pages in order of id', async () => {
      for (const id of ['c', 'a', 'b']) await rules.create(id, rule(id, { name: `Name ${id}`, tags: [id, 'all'], severity: id === 'b' ? 'low' : 'high' }), ann);
      await rules.transition('c', 1, 'activate', null, ann);
      const ids = async (filter: Partial<RuleFilter>): Promise<string[]> => (await rules.list({ ...everything, ...filter }, firstPage)).items.map((item) => item.id);
      expect(await ids({})).toEqual(['a', 'b', 'c']);
      expect(await ids({ status: 'active' })).toEqual(['c']);
      expect(await ids({ status: 'draft' })).toEqual(['a', 'b']);
      expect(await ids({ tag: 'b' })).toEqual(['b']);
      expect(await ids({ severity: 'high' })).toEqual(['a', 'c']);
      expect(await ids({ search: 'NAME a' })).toEqual(['a']);
      expect(await ids({ search: '%' })).toEqual([]);
      const first = await rules.list(everything, { limit: 2, after: null });
      const second = await rules.list(everything, { limit: 2, after: first.next });
      expect([first.items.map((item) => item.id), second.items.map((item) => item.id), second.next]).toEqual([['a', 'b'], ['c'], null]);
      expect(first.items[0]?.latest.rule).toEqual(rule('a', { name: 'Name a', tags: ['a', 'all'] }));
    });

    it('get one version live, and outbox numbers in order of commit, when everybody activates at once', async () => {
      await rules.create('r', rule('r'), ann);
      for (let version = 2; version <= 8; version += 1) await rules.put('r', rule('r', { version }), null, ann);
      await Promise.all(Array.from({ length: 8 }, (_, index) => rules.transition('r', index + 1, 'activate', null, ann)));
      const sent = await outbox(database);
      const live = (await rules.get('r'))?.live;
      expect(sent.map((record) => record.change.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(sent.at(-1)).toMatchObject({ kind: 'rule', version: live?.version, status: 'active' });
      expect((await rules.get('r'))?.versions.filter((one) => one.status === 'active')).toHaveLength(1);
    });
  });

  describe('lists', () => {
    const entries = [
      { value: 'a', expiresAt: null },
      { value: 'b', expiresAt: 1_900_000_000_000 },
    ];

    it('are created, replaced, changed and deleted', async () => {
      const created = await lists.put('l', { description: 'd', entries }, null, ann);
      expect(created).toEqual({ outcome: 'created', item: { name: 'l', description: 'd', size: 2, revision: 1, updatedAt: clock.nowMs } });
      expect((await lists.put('l', { description: 'd', entries: [...entries].reverse() }, null, ann)).outcome).toBe('unchanged');
      const replaced = await lists.put('l', { description: 'd', entries: [{ value: 'c', expiresAt: null }] }, [1], ann);
      expect([replaced.outcome, replaced.item.size]).toEqual(['changed', 1]);
      const changed = await lists.change('l', { set: [{ value: 'a', expiresAt: null }, { value: 'c', expiresAt: null }], remove: ['x'] }, [2], ann);
      expect([changed?.revision, changed?.size]).toEqual([3, 2]);
      expect(await lists.entries('l', firstPage)).toEqual({ items: [{ value: 'a', expiresAt: null }, { value: 'c', expiresAt: null }], next: null });
      expect(await lists.delete('l', null, ann)).toBe(true);
      expect([await lists.get('l'), await lists.entries('l', firstPage), await lists.change('l', { set: [], remove: [] }, null, ann)]).toEqual([null, null, null]);
      expect(await outbox(database)).toEqual([
        { kind: 'list', change: change(1), name: 'l', replace: true, set: entries, remove: [] },
        { kind: 'list', change: change(2), name: 'l', replace: true, set: [{ value: 'c', expiresAt: null }], remove: [] },
        { kind: 'list', change: change(3), name: 'l', replace: false, set: [{ value: 'a', expiresAt: null }], remove: [] },
        { kind: 'list', change: change(4), name: 'l', replace: true, set: [], remove: [] },
      ]);
    });

    it('do not count or show entries that have expired', async () => {
      await lists.put('l', { description: '', entries: [...entries, { value: 'old', expiresAt: clock.nowMs }] }, null, ann);
      expect((await lists.get('l'))?.size).toBe(2);
      expect((await lists.entries('l', { limit: 1, after: null }))?.items).toEqual([entries[0]]);
      clock.nowMs = 1_900_000_000_000;
      expect((await lists.entries('l', firstPage))?.items).toEqual([entries[0]]);
    });

    it('change piece by piece when they are large, and are never empty in between', async () => {
      const many = Array.from({ length: limits.listEntriesPerRecord + 1 }, (_, index) => ({ value: `v${index}`, expiresAt: null }));
      await lists.put('l', { description: '', entries: many }, null, ann);
      await lists.put('l', { description: '', entries: [...many.slice(1), { value: 'new', expiresAt: null }] }, null, ann);
      const shape = (await outbox(database)).map((record) => (record.kind === 'list' ? [record.replace, record.set.length, record.remove.length] : record));
      expect(shape).toEqual([
        [true, limits.listEntriesPerRecord, 0],
        [false, 1, 0],
        [false, 1, 0],
        [false, 0, 1],
      ]);
      expect((await lists.get('l'))?.size).toBe(many.length);
    });

    it('refuse more entries than the limit, by either way', async () => {
      const many = Array.from({ length: limits.listEntriesMax }, (_, index) => ({ value: `v${index}`, expiresAt: null }));
      await lists.put('l', { description: '', entries: many }, null, ann);
      await expect(lists.put('l', { description: '', entries: [...many, { value: 'x', expiresAt: null }] }, null, ann)).rejects.toMatchObject({ code: 'list.too-large' });
      await expect(lists.change('l', { set: [{ value: 'x', expiresAt: null }], remove: [] }, null, ann)).rejects.toMatchObject({ code: 'list.too-large' });
      expect((await lists.get('l'))?.size).toBe(limits.listEntriesMax);
    });
  });

  describe('the audit log', () => {
    it('has every change with its author, newest first, and finds by subject and actor', async () => {
      await rules.create('r', rule('r'), ann);
      await rules.transition('r', 1, 'activate', null, ann);
      await lists.put('l', { description: '', entries: [] }, null, { actor: { ...ann.actor, name: 'bob' }, requestId: 'r-2' });
      const { items } = await audit.list({ subject: null, actor: null }, firstPage);
      expect(items.map((item) => [item.actor, item.action, item.subject, item.requestId, item.detail])).toEqual([
        ['bob', 'list.put', 'list/l', 'r-2', { revision: 1, set: 0, removed: 0 }],
        ['ann', 'rule.activate', 'rule/r/1', 'r-1', { from: 'draft', to: 'active', displaced: null, change: 1 }],
        ['ann', 'rule.draft', 'rule/r/1', 'r-1', { contentHash: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      ]);
      const actions = async (subject: string | null, actor: string | null): Promise<string[]> => (await audit.list({ subject, actor }, firstPage)).items.map((item) => item.action);
      expect(await actions('rule/r', null)).toEqual(['rule.activate', 'rule.draft']);
      expect(await actions(null, 'bob')).toEqual(['list.put']);
      const first = await audit.list({ subject: null, actor: null }, { limit: 2, after: null });
      expect((await audit.list({ subject: null, actor: null }, { limit: 2, after: first.next })).items.map((item) => item.action)).toEqual(['rule.draft']);
    });
  });
}
