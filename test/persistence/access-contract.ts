import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKeys } from '../../src/persistence/api-keys.js';
import { AuditLog } from '../../src/persistence/catalogue/audit-log.js';
import type { Database } from '../../src/persistence/database.js';
import { IdempotencyKeys } from '../../src/persistence/idempotency.js';
import { Lease } from '../../src/persistence/lease.js';
import { limits } from '../../src/persistence/limits.js';
import { ann, reset, TestClock, type World, writerOf } from './world.js';

const firstPage = { limit: 50, after: null };

/** API keys, idempotency keys and leases, whichever PostgreSQL they are on. */
export function accessContract(open: () => Promise<World>): void {
  let world: World;
  let database: Database;
  let clock: TestClock;

  beforeAll(async () => {
    world = await open();
    database = world.database;
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await reset(database);
    clock = new TestClock();
  });

  describe('API keys', () => {
    const newKeys = (): ApiKeys => new ApiKeys(database, writerOf(database, clock), clock.now);
    const admin = { keyId: 'bootstrap', name: 'admin', role: 'admin' };

    it('begin with one that is told once', async () => {
      const key = await newKeys().bootstrap(undefined);
      expect(key).toMatch(/^vigil_[\w-]{43}$/);
      expect(await newKeys().bootstrap(undefined)).toBeNull();
      expect(await newKeys().authenticate(key ?? '')).toEqual(admin);
      const stored = JSON.stringify(await database.read((manager) => manager.query('select * from api_keys')));
      expect(stored).not.toContain(key?.slice(6));
    });

    it('begin with one when many processes start at once', async () => {
      const told = await Promise.all(Array.from({ length: 5 }, () => newKeys().bootstrap(undefined)));
      expect(told.filter((key) => key !== null)).toHaveLength(1);
    });

    it('begin with VIGIL_ADMIN_KEY where it is set, in the place of the one before', async () => {
      const generated = (await newKeys().bootstrap(undefined)) ?? '';
      expect(await newKeys().bootstrap('chosen')).toBeNull();
      expect(await newKeys().authenticate('chosen')).toEqual(admin);
      expect(await newKeys().authenticate(generated)).toBeNull();
      expect(await newKeys().bootstrap(undefined)).toBeNull();
      expect(await newKeys().authenticate('chosen')).toEqual(admin);
    });

    it('are made, listed, used and revoked', async () => {
      const keys = newKeys();
      await keys.bootstrap('chosen');
      const made = await keys.create({ name: 'ci', role: 'viewer', expiresAt: null }, ann);
      const { key, ...view } = made;
      expect(view).toEqual({ id: expect.any(String), name: 'ci', role: 'viewer', createdAt: clock.nowMs, expiresAt: null });
      expect((await keys.list(firstPage)).items).toContainEqual(view);
      expect(await keys.authenticate(key)).toEqual({ keyId: made.id, name: 'ci', role: 'viewer' });
      expect(await keys.revoke(made.id, ann)).toBe(true);
      expect(await keys.authenticate(key)).toBeNull();
      expect(await keys.revoke(made.id, ann)).toBe(false);
      expect((await keys.list(firstPage)).items.map((item) => item.id)).toEqual(['bootstrap']);
      expect((await new AuditLog(database).list({ subject: `api-key/${made.id}`, actor: null }, firstPage)).items.map((item) => item.action)).toEqual(['api-key.revoke', 'api-key.create']);
    });

    it('expire', async () => {
      const keys = newKeys();
      const { key } = await keys.create({ name: 'ci', role: 'viewer', expiresAt: clock.nowMs + 1 }, ann);
      expect(await keys.authenticate(key)).not.toBeNull();
      clock.nowMs += 1;
      expect(await keys.authenticate(key)).toBeNull();
    });

    it('that another process revoked are good for a bounded time only', async () => {
      const [here, there] = [newKeys(), newKeys()];
      await here.bootstrap('chosen');
      const made = await here.create({ name: 'ci', role: 'analyst', expiresAt: null }, ann);
      await here.authenticate(made.key);
      await there.revoke(made.id, ann);
      clock.nowMs += limits.keyCacheMs - 1;
      expect(await here.authenticate(made.key)).not.toBeNull();
      clock.nowMs += 1;
      expect(await here.authenticate(made.key)).toBeNull();
    });

    it('note when they were last used', async () => {
      const keys = newKeys();
      const made = await keys.create({ name: 'ci', role: 'analyst', expiresAt: null }, ann);
      await keys.authenticate(made.key);
      expect(await database.read((manager) => manager.query('select last_used_at_ms from api_keys'))).toEqual([{ last_used_at_ms: clock.nowMs }]);
    });

    it('always leave one admin', async () => {
      const keys = newKeys();
      await keys.bootstrap('chosen');
      await keys.create({ name: 'expired', role: 'admin', expiresAt: clock.nowMs }, ann);
      await expect(keys.revoke('bootstrap', ann)).rejects.toMatchObject({ code: 'api-key.last-admin' });
      await keys.create({ name: 'second', role: 'admin', expiresAt: null }, ann);
      expect(await keys.revoke('bootstrap', ann)).toBe(true);
    });

    it('of no known owner, or with characters that cannot be stored, are nobody', async () => {
      expect([await newKeys().authenticate('unknown'), await newKeys().authenticate('\u0000')]).toEqual([null, null]);
    });
  });

  describe('idempotency keys', () => {
    const claim = { source: 's', key: 'k', holder: 'first' };
    const newIdempotency = (): IdempotencyKeys => new IdempotencyKeys(database, clock.now);

    it('answer a repeated request with the first answer', async () => {
      const keys = newIdempotency();
      expect(await keys.claim(claim, [5, 7])).toEqual({ kind: 'open', repeated: false, ends: [5, 7] });
      expect(await keys.finish(claim, { accepted: 3 }, 'abc')).toBe(true);
      expect(await keys.claim({ ...claim, holder: 'second' }, [9, 9])).toEqual({ kind: 'done', result: { accepted: 3 }, bodySha256: 'abc' });
      expect(await keys.claim({ ...claim, source: 'other' }, [9])).toEqual({ kind: 'open', repeated: false, ends: [9] });
    });

    it('are one request at a time', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, (_, index) => newIdempotency().claim({ ...claim, holder: `h${index}` }, [1])));
      expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
      expect(outcomes.filter((one) => one.status === 'rejected' && (one.reason as { code: string }).code === 'idempotency.in-progress')).toHaveLength(4);
    });

    it('are given back, with the ends of the first request', async () => {
      const keys = newIdempotency();
      await keys.claim(claim, [5]);
      await keys.release(claim);
      expect(await keys.claim({ ...claim, holder: 'second' }, [8])).toEqual({ kind: 'open', repeated: true, ends: [5] });
    });

    it('go to another request when theirs shows no life, which then cannot answer', async () => {
      const keys = newIdempotency();
      await keys.claim(claim, [5]);
      clock.nowMs += limits.idempotencyLockMs - 1;
      expect(await keys.renew(claim)).toBe(true);
      clock.nowMs += limits.idempotencyLockMs - 1;
      await expect(keys.claim({ ...claim, holder: 'second' }, [8])).rejects.toMatchObject({ code: 'idempotency.in-progress' });
      clock.nowMs += 1;
      expect(await keys.claim({ ...claim, holder: 'second' }, [8])).toEqual({ kind: 'open', repeated: true, ends: [5] });
      expect([await keys.renew(claim), await keys.finish(claim, {}, 'x')]).toEqual([false, false]);
    });

    it('are forgotten after a day', async () => {
      const keys = newIdempotency();
      await keys.claim(claim, [5]);
      await keys.finish(claim, {}, 'x');
      clock.nowMs += limits.idempotencyMs - 1;
      expect([(await keys.claim(claim, [6])).kind, await keys.removeExpired()]).toEqual(['done', 0]);
      clock.nowMs += 1;
      expect(await keys.claim(claim, [6])).toEqual({ kind: 'open', repeated: false, ends: [6] });
      clock.nowMs += limits.idempotencyMs;
      expect([await keys.removeExpired(), await keys.removeExpired()]).toEqual([1, 0]);
    });
  });

  describe('leases', () => {
    it('are held by one, renewed by it, and taken over when given back or run out', async () => {
      const [one, other] = [new Lease(database, 'x'), new Lease(database, 'x')];
      expect([await one.hold(), await other.hold(), await one.hold()]).toEqual([true, false, true]);
      expect(await new Lease(database, 'y').hold()).toBe(true);
      await other.release();
      expect(await other.hold()).toBe(false);
      await one.release();
      expect([await other.hold(), await one.hold()]).toEqual([true, false]);
      await database.read((manager) => manager.query(`update leases set until = clock_timestamp() - interval '1 second'`));
      expect([await one.hold(), await other.hold()]).toEqual([true, false]);
    });
  });
}
