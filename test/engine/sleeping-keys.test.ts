import { expect, it } from '@jest/globals';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { rulesOf } from '../bench/workload-rules.js';
import { dice } from '../dice.js';

const WITHIN_A_MINUTE = [
  ...rulesOf('W1', 1),
  ...rulesOf('W2', 1),
  ...rulesOf('W3', 1),
  ...rulesOf('W4', 1),
].map((rule) => JSON.parse(JSON.stringify(rule).replaceAll('"10m"', '"60s"').replaceAll('"30m"', '"20s"').replaceAll('"order"', '"card"').replaceAll('"user"', '"card"')) as JsonValue);

const TYPES = ['payment', 'payment', 'login', 'order.placed', 'payment.captured'];
const definition = { topic: 'events', eventTime: { field: 'ts', unit: 'ms' }, type: { field: 'type' }, id: { field: 'id' }, disorder: '2s' };

/** Alerts in order, and the records of all keys as the state topic has them in the end, of a task that keeps so many keys awake. */
function run(awakeKeysMax: number): { readonly alerts: readonly string[]; readonly records: ReadonlyMap<string, string> } {
  const task = new PartitionTask({ number: 1, keyedPartitions: 1, awakeKeysMax });
  task.applyControl({ kind: 'source', change: { catalogue: 'a', number: 1 }, name: 'events', definition, startOffsets: [0] }, 0);
  const put = (document: JsonValue, n: number): void => task.applyControl({ kind: 'rule', change: { catalogue: 'a', number: n + 2 }, ruleId: (document as { id: string }).id, version: 1, status: 'active', document }, n + 1);
  for (const [n, document] of WITHIN_A_MINUTE.slice(0, 3).entries()) put(document, n);
  const roll = dice(7);
  const below = (n: number): number => Math.floor(roll() * n);
  const alerts: string[] = [];
  const records = new Map<string, string>();
  const write = (written: ReturnType<PartitionTask['flush']>): void => {
    for (const { key, value } of written) {
      if (value === null) records.delete(key);
      else records.set(key, Buffer.from(value).toString('hex'));
    }
  };
  for (let offset = 0; offset < 6_000; offset++) {
    const ts = 1_767_225_600_000 + offset * 50 - below(2_500);
    const type = TYPES[below(TYPES.length)] as string;
    const amountMinor = roll() < 0.3 ? below(20_000) : 2_000_000;
    task.takeParsed('events/0', { id: `e${offset}`, ts, type, card: `c${below(200)}`, amountMinor, lat: roll() < 0.9 ? 52.5 : 40.7, lon: 13.4 }, offset);
    if (offset === 3_000) put(WITHIN_A_MINUTE[3] as JsonValue, 3);
    if (offset % 20 !== 19) continue;
    for (const { json } of task.takeEffects().alerts) alerts.push(json);
    write(task.flush(25));
    write(task.takeTombstones(task.floor));
    task.sequence++;
  }
  write(task.flush(Infinity));
  write(task.takeTombstones(task.sequence + 1));
  const left = new Map([...records].sort(([a], [b]) => (a < b ? -1 : 1)));
  // what the topic holds is what the task holds
  expect(task.snapshot().map(({ key }) => key)).toEqual([...left.keys()].filter((key) => !key.startsWith('\u0000')));
  return { alerts, records: left };
}

it('makes no difference to alerts, to what is written and to what is left whether keys sleep', () => {
  const awake = run(Infinity);
  expect(awake.alerts.length).toBeGreaterThan(200);
  expect(run(0)).toEqual(awake);
  expect(run(50)).toEqual(awake);
});
