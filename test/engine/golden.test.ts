import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver, type DrivenAlert } from '../../src/engine/testing/rule-test-driver.js';
import { GOLDEN_CASES, type GoldenCase, type GoldenEvent } from './golden-cases.js';

/** How the events of a case come in. None of it may change an alert. */
interface Way {
  readonly name: string;
  /** of the source; with more than one, rules run behind re-keying */
  readonly partitions: number;
  readonly restarts?: boolean;
  readonly batches?: boolean;
  readonly fast?: boolean;
}

const WAYS: readonly Way[] = [
  { name: 'one by one', partitions: 1 },
  { name: 'in one batch', partitions: 1, batches: true },
  { name: 'restarted after every event', partitions: 1, restarts: true },
  { name: 'by the general matcher', partitions: 1, fast: false },
  { name: 'three partitions, one by one', partitions: 3 },
  { name: 'three partitions, in batches', partitions: 3, batches: true },
  { name: 'three partitions, restarted after every event', partitions: 3, restarts: true },
  { name: 'three partitions, in batches, restarted after each', partitions: 3, batches: true, restarts: true },
];

/** Alerts by case, as they were when this was last looked at: `UPDATE_GOLDEN=1` writes them anew. */
const FILE = new URL('golden-alerts.json', import.meta.url);
const UPDATES = process.env['UPDATE_GOLDEN'] === '1';

describe.each(GOLDEN_CASES)('$name', (golden) => {
  it('gives the alerts that it gave before', () => {
    const alerts = run(golden, WAYS[0] as Way).map((text) => JSON.parse(text) as DrivenAlert);
    const known = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, readonly DrivenAlert[]>;
    if (UPDATES) writeFileSync(FILE, `${JSON.stringify({ ...known, [golden.name]: alerts }, null, 1)}\n`);
    else expect(alerts).toEqual(known[golden.name]);
    expect(alerts.length).toBeGreaterThan(0);
  });

  it.each(WAYS)('gives the same bytes $name', (way) => {
    expect(byKey(run(golden, way))).toEqual(byKey(run(golden, firstOf(way.partitions))));
  });

  it('gives the same alerts with three partitions, but for the places of events', () => {
    expect(byKey(run(golden, firstOf(3)).map(withoutPlaces))).toEqual(byKey(run(golden, firstOf(1)).map(withoutPlaces)));
  });
});

const firstOf = (partitions: number): Way => WAYS.find((way) => way.partitions === partitions) as Way;

/** The alerts' bytes. */
function run(golden: GoldenCase, { partitions, restarts, batches, fast }: Way): string[] {
  const { rules, disorderMs, dedupeMs, lists, advanceTo } = golden;
  const driver = new RuleTestDriver({
    rules,
    partitions,
    keyedPartitions: 2,
    ...(disorderMs === undefined ? {} : { disorderMs }),
    ...(dedupeMs === undefined ? {} : { dedupeMs }),
    ...(lists === undefined ? {} : { lists }),
    ...(fast === undefined ? {} : { fast }),
  });
  for (const { partition, events } of slicesOf(golden.events, partitions, batches === true)) {
    driver.pushAll(events, 'events', partition);
    if (restarts === true) driver.restart();
  }
  driver.finish();
  if (restarts === true) driver.restart();
  if (advanceTo !== undefined) driver.advanceTo(advanceTo);
  return [...driver.written];
}

/** One slice for each event, or one for each partition. A key is always in the same partition, as in a topic that is written by key. */
function slicesOf(events: readonly GoldenEvent[], partitions: number, batches: boolean): { partition: number; events: readonly GoldenEvent[] }[] {
  const partitionOf = ({ key }: GoldenEvent): number => key.charCodeAt(0) % partitions;
  if (!batches) return events.map((event) => ({ partition: partitionOf(event), events: [event] }));
  return Array.from({ length: partitions }, (_, partition) => ({ partition, events: events.filter((event) => partitionOf(event) === partition) }));
}

/** Alerts of each key and rule in the order in which they came: between keys there is none. */
function byKey(written: readonly string[]): Record<string, readonly string[]> {
  const alerts = Map.groupBy(written, (text) => {
    const { rule, key } = JSON.parse(text) as DrivenAlert;
    return `${rule} ${key.join()}`;
  });
  return Object.fromEntries([...alerts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Without what depends on where the events were: their places, ids made of these, and since when the task has watched. */
function withoutPlaces(text: string): string {
  const alert = JSON.parse(text) as DrivenAlert;
  return JSON.stringify({ ...alert, id: '', warm: true, evidence: alert.evidence.map((event) => ({ ...event, partition: 0, offset: 0, id: event.source === 'signals' ? '' : event.id })) });
}
