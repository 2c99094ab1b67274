import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MatchView } from '../../src/event/match-view.js';
import type { JsonValue, StreamEvent } from '../../src/event/stream-event.js';
import { compileCondition } from '../../src/rules/conditions/compile-condition.js';
import { screenOf } from '../../src/rules/conditions/screen-of.js';
import { eventOf, newScope } from '../differential/condition-kit.js';

const RUNS = Number(process.env['FC_RUNS'] ?? 3_000);

type Payload = { readonly lat: JsonValue; readonly lon: JsonValue };

const degrees = (most: number): fc.Arbitrary<JsonValue> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.double({ min: -most, max: most, noNaN: true }) },
    { weight: 12, arbitrary: fc.double({ min: 0, max: 0.02, noNaN: true }) },
    { weight: 4, arbitrary: fc.constantFrom(-most, 0, most) },
    { weight: 1, arbitrary: fc.constantFrom<JsonValue>(most + 1, null, 'x') },
  );
const sighting = fc.record({ lat: degrees(90), lon: degrees(180) }).chain((payload) => fc.integer({ min: 0, max: 7_200_000 }).map((ts) => ({ payload, ts })));
const condition = fc.oneof(
  fc.tuple(fc.constantFrom('>', '>='), fc.constantFrom(-1, 0, 2, 100, 15_000)).map(([op, km]) => `geo.distanceKm(here.lat, here.lon, lat, lon) ${op} ${km.toFixed(1)}`),
  fc.constantFrom(-5, 0, 3, 100).map((km) => `${km.toFixed(1)} < geo.distanceKm(lat, lon, here.lat, here.lon) && here.lat < lat`),
  fc.constantFrom(-1, 0, 1, 900).map((kmh) => `geo.speedKmh(here.lat, here.lon, here.ts, lat, lon, ts) > ${kmh.toFixed(1)}`),
);

const viewOf = (event: StreamEvent): MatchView => ({ count: () => 1, at: (_stage, i) => (i === 0 ? event : undefined) });
const scope = () => newScope({ stages: new Map([['here', { index: 0 }]]) });

function compiled(cel: string): { readonly event: (of: { readonly payload: Payload; readonly ts: number }) => StreamEvent; readonly holds: (event: StreamEvent, taken: StreamEvent) => boolean; readonly screen: ReturnType<typeof screenOf> } {
  const own = scope();
  const test = compileCondition({ cel }, own);
  return { event: ({ payload, ts }) => eventOf(own.layout, payload, { ts }), holds: (event, taken) => test(event, viewOf(taken)), screen: screenOf({ cel }, own) };
}

it('rules out no event for which the condition holds with one that waits', () =>
  fc.assert(
    fc.property(condition, fc.array(sighting, { maxLength: 5 }), sighting, (cel, waiting, last) => {
      const { event, holds, screen } = compiled(cel);
      const summary = screen?.();
      const [taken, current] = [waiting.map(event), event(last)];
      for (const one of taken) summary?.add(one);
      expect(summary?.mayFit(current)).not.toBe(taken.some((one) => holds(current, one)) ? false : undefined);
    }),
    { numRuns: RUNS },
  ));

it('rules out a whole town of waiting logins, once told of them, until others have taken their place', () => {
  const { event, screen } = compiled('geo.distanceKm(here.lat, here.lon, lat, lon) > 100.0 && geo.distanceKm(here.lat, here.lon, lat, lon) / 2.0 > 9.0');
  const summary = screen?.();
  const at = (lat: JsonValue, lon: JsonValue): StreamEvent => event({ payload: { lat, lon }, ts: 0 });
  for (let i = 0; i < 50; i++) summary?.add(at(52.5 + i / 1_000, 13.4 - i / 1_000));
  const asked = [at(52.6, 13.3), at(48.9, 2.4), at(null, 2.4)];
  expect(asked.map((one) => summary?.mayFit(one))).toEqual([false, true, true]);
  summary?.add(at(null, 0));
  expect(summary?.mayFit(at(52.6, 13.3))).toBe(true);
  summary?.turn();
  for (let i = 0; i < 50; i++) summary?.add(at(48.9 + i / 1_000, 2.4));
  expect(asked.map((one) => summary?.mayFit(one))).toEqual([true, true, true]);
  summary?.turn();
  expect(asked.map((one) => summary?.mayFit(one))).toEqual([true, false, true]);
  summary?.turn();
  expect(asked.map((one) => summary?.mayFit(one))).toEqual([false, false, true]);
});

it('is there only where the distance must be large', () => {
  const found = (cel: string, onMissing: 'false' | 'error' = 'false'): boolean => screenOf({ all: [{ cel: 'here.lat > lat' }, { cel }] }, newScope({ stages: new Map([['here', { index: 0 }]]), onMissing })) !== null;
  expect(found('geo.distanceKm(here.lat, here.lon, lat, lon) > 5.0')).toBe(true);
  expect(found('geo.distanceKm(here.lat, here.lon, lat, lon) > 5.0', 'error')).toBe(false);
  expect(found('geo.distanceKm(here.lat, here.lon, lat, lon) < 5.0')).toBe(false);
  expect(found('geo.distanceKm(here.lat, here.lon, lat, lon) > 5.0 || lat > 1.0')).toBe(false);
  expect(found('geo.distanceKm(here.lat, lon, lat, here.lon) > 5.0')).toBe(false);
});
