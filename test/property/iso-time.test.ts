import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utcTimeMs } from '../../src/engine/events/iso-time.js';

const RUNS = Number(process.env['FC_RUNS'] ?? 5_000);

/** Until the end of year 9999. */
const time = fc.integer({ min: 0, max: 253_402_300_799_999 });
const isLate = (text: string): boolean => text.slice(8, 10) === '31' || text.slice(5, 10) === '02-29';

it('reads what a Date writes, but for the last days of some months', () =>
  fc.assert(
    fc.property(time, (ms) => {
      const text = new Date(ms).toISOString();
      expect(utcTimeMs(text)).toBe(isLate(text) ? -1 : ms);
      const seconds = text.replace(/\.\d{3}/, '');
      expect(utcTimeMs(seconds)).toBe(isLate(text) ? -1 : Math.floor(ms / 1_000) * 1_000);
    }),
    { numRuns: RUNS },
  ));

const nearly = fc.tuple(time, fc.boolean(), fc.array(fc.tuple(fc.nat(23), fc.constantFrom(...'0123456789-:.TZ+ tz/;'.split(''))), { maxLength: 3 })).map(([ms, long, edits]) => {
  const text = new Date(ms).toISOString();
  return edits.reduce((edited, [at, letter]) => edited.slice(0, at) + letter + edited.slice(at + 1), long ? text : text.replace(/\.\d{3}/, ''));
});
it('answers for nothing that Date.parse has otherwise', () =>
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string()), (text) => {
      const found = utcTimeMs(text);
      if (found !== -1) expect(found).toBe(Date.parse(text));
    }),
    { numRuns: RUNS },
  ));

it.each(['1969-12-31T23:59:59Z', '2026-02-29T00:00:00Z', '2024-02-29T00:00:00Z', '2026-01-31T00:00:00Z', '2026-00-01T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-00T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:60:00Z', '2026-01-01T00:00:60Z', '2026-01-01T00:00:00.00Z', '2026-01-01T00:00:00+01:00', '2026-01-01 00:00:00Z', '2026-01-01'])(
  'leaves %s to Date.parse',
  (text) => expect(utcTimeMs(text)).toBe(-1),
);
