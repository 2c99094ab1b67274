import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver, compileSql } from '../../src/engine/index.js';
import type { JsonValue } from '../../src/event/stream-event.js';

type Event = readonly [type: string, seconds: number, more?: Record<string, JsonValue>];

/** What a query gives over events of one key, with the clock at `untilSeconds` at the end. */
function run(text: string, events: readonly Event[], untilSeconds = 0) {
  const { rule, problems } = compileSql(text, { id: 'r' });
  expect(problems).toEqual([]);
  const driver = new RuleTestDriver({ rules: [rule as unknown as JsonValue] });
  for (const [i, [type, seconds, more]] of events.entries()) driver.push({ id: `e${i + 1}`, type, ts: seconds * 1_000, k: 'k', ...more });
  driver.finish();
  driver.advanceTo(untilSeconds * 1_000);
  return driver.alerts.map(({ at, facts, evidence }) => ({ at, facts, by: evidence.map(({ stage, id }) => `${stage}:${id}`).join(' ') }));
}

const query = (pattern: string, define: string, measures = 'COUNT(*) AS n', within = "INTERVAL '1' MINUTE"): string =>
  `SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES ${measures} AFTER MATCH SKIP PAST LAST ROW PATTERN (${pattern}) WITHIN ${within} DEFINE ${define})`;

describe('rules written in SQL, run', () => {
  it('show what is measured: firsts, lasts, sums, differences of times, choices', () => {
    const text = query('A B+ C', 'B AS B.price < LAST(B.price, 1) OR (LAST(B.price, 1) IS NULL AND B.price < A.price), C AS C.price > LAST(B.price)', "FIRST(B.price) AS first, LAST(B.price) AS lowest, LAST(B.price, 1) AS before, SUM(B.price) AS total, AVG(B.price) AS mean, MAX(B.price) AS most, COUNT(B.price) AS n, C.ts - A.ts AS took, CASE WHEN C.price > A.price THEN 'up' ELSE 'down' END AS way, UPPER(C.name) || '!' AS name");
    const events: Event[] = [10, 8, 6, 5, 7].map((price, i) => ['tick', i, { price, name: 'x' }]);
    expect(run(text, events)).toEqual([{ at: 4_000, facts: { first: 8, lowest: 5, before: 6, total: 19, mean: 19 / 3, most: 8, n: 3, took: 4_000, way: 'down', name: 'X!' }, by: 'A:e1 B:e2 B:e3 B:e4 C:e5' }]);
  });

  it('fire for what stays away, at the deadline, unless it comes by then', () => {
    const text = query("A B ABSENT FOR INTERVAL '10' SECOND", "A AS type = 'a', B AS type = 'b'");
    expect(run(text, [['a', 1], ['x', 5]], 60)).toEqual([{ at: 11_000, facts: { n: 1 }, by: 'A:e1' }]);
    expect(run(text, [['a', 1], ['b', 11]], 60)).toEqual([]);
  });

  it('take PERMUTE in any order, alternatives, and what may lie between', () => {
    const define = "A AS type = 'a', B AS type = 'b', C AS type = 'c', D AS type = 'd', X AS (type = 'stop') IS NOT TRUE";
    expect(run(query('A PERMUTE(B, C)', define.replace(/, D.*/, '')), [['a', 1], ['c', 2], ['b', 3]])).toEqual([{ at: 3_000, facts: { n: 3 }, by: 'A:e1 C:e2 B:e3' }]);
    expect(run(query('A (B | C D)', define.replace(/, X.*/, '')), [['a', 1], ['c', 2], ['d', 3], ['a', 4], ['b', 5], ['a', 6], ['x', 7], ['b', 8]]).map(({ by }) => by)).toEqual(['A:e1 C:e2 D:e3', 'A:e4 B:e5']);
    const between = query('A {- X*? -} B', "A AS type = 'a', B AS type = 'b', X AS (type = 'stop') IS NOT TRUE");
    expect(run(between, [['a', 1], ['x', 2], ['b', 3], ['a', 4], ['stop', 5], ['b', 6]]).map(({ by }) => by)).toEqual(['A:e1 B:e3']);
  });

  it('take the limit of time as Flink does, without its edge', () => {
    const text = query('A B', "A AS type = 'a', B AS type = 'b'", 'COUNT(*) AS n', "INTERVAL '10' SECOND");
    expect([run(text, [['a', 0], ['b', 9.999]]).length, run(text, [['a', 0], ['b', 10]]).length]).toEqual([1, 0]);
  });

  it('have unknown conditions of missing columns false, whatever stands around them', () => {
    const count = (condition: string) => run(query('A', `A AS ${condition}`), [['a', 1, { x: 1 }], ['a', 2], ['a', 3, { x: 5 }]]).map(({ by }) => by.slice(-1)).join('');
    expect(['x = 1', 'NOT x = 1', 'x <> 1', 'x NOT IN (1)', 'NOT x BETWEEN 1 AND 2', '(x = 1) IS NOT TRUE', 'NOT (x = 1 OR x > 3)', 'x IS NULL', 'NOT (x + 1 > 2)', '(x + 1) IS NULL', 'x + 1 IS NOT NULL'].map(count)).toEqual(['1', '3', '3', '3', '3', '23', '', '2', '1', '2', '13']);
  });
});
