import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clientOf } from '../../src/api/auth/client-address.js';
import { RateLimiter } from '../../src/api/auth/rate-limiter.js';

describe('a rate', () => {
  it('lets a burst through, then what it gives back, and says how long to wait', () => {
    let now = 0;
    const limiter = new RateLimiter({ burst: 3, perSecond: 10, keysMax: 10 }, () => now);
    expect([1, 2, 3, 4, 5].map(() => limiter.take('a'))).toEqual([0, 0, 0, 100, 100]);
    expect(limiter.take('b')).toBe(0);
    now = 60;
    expect(limiter.take('a')).toBe(40);
    now = 100;
    expect([limiter.take('a'), limiter.take('a')]).toEqual([0, 100]);
    now = 10_000;
    expect([1, 2, 3, 4].map(() => limiter.take('a'))).toEqual([0, 0, 0, 100]);
  });

  it('counts what was charged beyond it, up to a bound', () => {
    let now = 0;
    const limiter = new RateLimiter({ burst: 2, perSecond: 1, keysMax: 10 }, () => now);
    for (let i = 0; i < 5; i++) limiter.charge('a', 60_000);
    expect(limiter.waitMs('a')).toBe(4_000);
    for (let i = 0; i < 1_000; i++) limiter.charge('a', 60_000);
    expect(limiter.waitMs('a')).toBe(60_000);
    now = 60_000;
    expect(limiter.waitMs('a')).toBe(0);
  });

  it('is that of a bucket which is filled drop by drop', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 50 }), fc.array(fc.nat({ max: 200 }), { maxLength: 100 }), (burst, perSecond, pausesMs) => {
        let now = 0;
        // in thousandths of a unit, so that both count in whole numbers
        let level = burst * 1_000;
        const limiter = new RateLimiter({ burst, perSecond, keysMax: 1 }, () => now);
        for (const pauseMs of pausesMs) {
          now += pauseMs;
          level = Math.min(burst * 1_000, level + pauseMs * perSecond);
          const waitMs = limiter.take('k');
          if (level >= 1_000) {
            level -= 1_000;
            expect(waitMs).toBeLessThan(1e-6);
          } else expect(waitMs).toBeCloseTo((1_000 - level) / perSecond, 6);
        }
      }),
    ));

  it('remembers a bounded number of keys: the one used longest ago is forgotten', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 1, keysMax: 3 }, () => 0);
    for (const key of ['a', 'b', 'c', 'd']) limiter.take(key);
    expect(limiter.size).toBe(3);
    expect(['b', 'c', 'd', 'a'].map((key) => limiter.waitMs(key))).toEqual([1_000, 1_000, 1_000, 0]);
  });
});

describe('one client', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::192.0.2.7', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ])('at %s is %s', (address, client) => expect(clientOf(address)).toBe(client));

  it('whose address is not known is one for all', () => expect(clientOf(undefined)).toBe(''));
});
