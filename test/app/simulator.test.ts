import { describe, expect, it } from '@jest/globals';
import { ValidatorAdapter } from '../../src/app/adapters/rules.js';
import { SimulatorAdapter } from '../../src/app/adapters/simulator.js';
import type { JsonValue } from '../../src/event/stream-event.js';

const simulator = new SimulatorAdapter(new ValidatorAdapter({ get: async () => null }));
const rule = { id: 'r', from: 'events', key: 'card', on: 'payment', let: { n: { count: true, window: '10m' } }, when: { fact: 'n', operator: 'greaterThan', value: 1 }, policy: { fire: { once: '1h' } } };
const pay = (id: string, ts: number, rest: object = { card: 'a' }) => ({ id, type: 'payment', ts, ...rest });

async function outcomes(request: { rule: object; events: readonly object[]; disorder?: string; advanceTo?: number }): Promise<unknown[]> {
  const { explanations, alerts } = await simulator.simulate({ lists: {}, advanceTo: request.advanceTo ?? null, disorder: request.disorder ?? null, rule: request.rule as unknown as JsonValue, events: request.events as unknown as JsonValue[] });
  return [alerts.length, ...(explanations as unknown as { index: number | null; outcome: string }[]).map(({ index, outcome }) => [index, outcome])];
}

describe('a simulation', () => {
  it('says of each event what came of it', async () => {
    const events = [pay('e1', 1000), pay('e2', 2000), pay('e3', 3000), pay('e4', 500), pay('e5', 4000, {}), { ...pay('e6', 5000), type: 'login' }];
    expect(await outcomes({ rule, events })).toEqual([
      1,
      [0, 'false'],
      [1, 'fired'],
      [2, 'muted'],
      [3, 'late'],
      [4, 'not of the rule: no key, or not among its types'],
      [5, 'not of the rule: no key, or not among its types'],
    ]);
  });

  it('tells events in the order in which they are taken, not in which they come', async () => {
    expect(await outcomes({ rule, events: [pay('e1', 2000), pay('e2', 1000)], disorder: '10s' })).toEqual([1, [1, 'false'], [0, 'fired']]);
  });

  it('says of a pattern how far it came', async () => {
    const silence = { id: 's', from: 'events', key: 'card', pattern: { stages: [{ as: 'a', on: 'payment', where: { fact: 'amount', operator: 'greaterThan', value: 5 } }, { absent: { on: 'refund' }, for: '10s' }] } };
    const events = [pay('e1', 1000, { card: 'a', amount: 1 }), pay('e2', 2000, { card: 'a', amount: 9 }), { ...pay('e3', 3000), type: 'refund' }, pay('e4', 4000, { card: 'a', amount: 9 })];
    expect(await outcomes({ rule: silence, events, advanceTo: 60_000 })).toEqual([1, [0, 'nothing'], [1, 'began'], [2, 'cancelled'], [3, 'fired'], [null, 'completed']]);
  });
});
