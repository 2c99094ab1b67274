import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { windowAggregate, type WindowForm } from '../../src/state/aggregate.js';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';
import { stateLimits } from '../../src/state/limits.js';
import { Seen } from '../../src/state/novelty.js';
import type { FieldValue } from '../../src/event/stream-event.js';

interface Entry { ts: number; value: number; fits: boolean }

/** The window's meaning, recounted from all events at each event: ts in (e.ts − W, e.ts], e left out on `exclude`. */
function recount(form: WindowForm, entries: Entry[], windowMs: number | null, exclude: boolean): FieldValue[] {
  return entries.map((e, i) => {
    const values = entries
      .slice(0, exclude ? i : i + 1)
      .filter((o) => o.fits && (windowMs === null || o.ts > e.ts - windowMs))
      .map((o) => o.value);
    const sum = values.reduce((a, b) => a + b, 0);
    if (form === 'count') return values.length;
    if (form === 'sum') return sum;
    if (form === 'distinct') return new Set(values).size;
    if (values.length === 0) return undefined;
    if (form === 'avg') return sum / values.length;
    return form === 'min' ? Math.min(...values) : Math.max(...values);
  });
}

const events = fc
  .array(fc.record({ gap: fc.nat(4), value: fc.integer({ min: -9, max: 9 }), fits: fc.boolean() }), { maxLength: 60 })
  .map((list) => {
    let ts = 0;
    return list.map(({ gap, value, fits }) => ({ ts: (ts += gap), value, fits }));
  });

describe('sliding windows', () => {
  for (const form of ['count', 'sum', 'avg', 'min', 'max', 'distinct'] as const) {
    it(`${form} equals a recount at every event, also when restored from bytes after each`, () =>
      fc.assert(
        fc.property(events, fc.option(fc.integer({ min: 1, max: 12 })), fc.boolean(), (entries, windowMs, exclude) => {
          let window = windowAggregate(form, windowMs);
          const out = new ByteWriter();
          const answers = entries.map((e) => {
            const answer = window.take(e.ts, e.fits, e.value, exclude);
            out.reset();
            window.write(out);
            window = windowAggregate(form, windowMs);
            window.read(new ByteReader(out.take()));
            return answer;
          });
          expect(answers).toEqual(recount(form, entries, windowMs, exclude));
        }),
      ));
  }

  it('drops the oldest entry at its bound and counts it', () => {
    const window = windowAggregate('count', 1_000_000);
    for (let i = 0; i < stateLimits.windowEntriesMax; i++) window.take(i, true, undefined, false);
    expect(window.take(stateLimits.windowEntriesMax, true, undefined, false)).toBe(stateLimits.windowEntriesMax);
    expect(window.dropped).toBe(1);
  });
});

describe('seen', () => {
  it('is new at first sight, known until the ttl has passed since the first sight, then new again', () => {
    const seen = new Seen(10, false);
    expect([0, 9, 10].map((ts) => seen.take(ts, true, 'd1'))).toEqual([
      { new: true, firstSeenTs: 0, lastSeenTs: 0 },
      { new: false, firstSeenTs: 0, lastSeenTs: 0 },
      { new: true, firstSeenTs: 10, lastSeenTs: 10 },
    ]);
  });

  it('counts the ttl from the last sight when it is refreshed', () => {
    const seen = new Seen(10, true);
    expect([0, 9, 18].map((ts) => seen.take(ts, true, 'd1'))).toEqual([
      { new: true, firstSeenTs: 0, lastSeenTs: 0 },
      { new: false, firstSeenTs: 0, lastSeenTs: 0 },
      { new: false, firstSeenTs: 0, lastSeenTs: 9 },
    ]);
  });
});
