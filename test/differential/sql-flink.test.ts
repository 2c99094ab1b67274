import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../src/event/stream-event.js';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import { readCases, type FlinkAnswer, type FlinkCase } from '../conformance/flink-case.js';
import { sqlOfCase, type SqlCase } from './flink-case-sql.js';

/** Answers of Flink's own matcher that every matcher of ours agrees with. */
const cases = readCases('../shared/conformance').filter(({ name }) => name === 'core.jsonl' || name === 'facts.jsonl').flatMap(({ cases }) => cases);
const written = cases.flatMap((flinkCase) => {
  const sql = sqlOfCase(flinkCase);
  return sql === null ? [] : [{ flinkCase, sql }];
});

/** Each match as its events by stage, in no order. */
function answerOf({ sql, skipNone }: SqlCase, flinkCase: FlinkCase): string[] {
  const { rule, problems } = compileSql(sql, { id: 'case', pattern: { emit: 'ordered', limit: 1_000, ...(skipNone ? { skip: 'none' } : {}) } });
  if (rule === undefined) throw new Error(`${flinkCase.id}: ${sql}\n${JSON.stringify(problems)}`);
  const driver = new RuleTestDriver({ rules: [rule as unknown as JsonValue] });
  for (const item of flinkCase.input) if ('id' in item) driver.push({ ...item, id: String(item.id), k: 'k' });
  driver.finish();
  // what an older partial match still holds back when a case ends is not part of its answer; the clock fires what is due before it
  const last = flinkCase.input.at(-1);
  if (last !== undefined && 'watermark' in last) driver.advanceTo(last.watermark + 1);
  return driver.alerts.map(({ evidence }) => {
    const stages: Record<string, number[]> = {};
    for (const { stage, id } of evidence) (stages[stage] ??= []).push(Number(id));
    return line(stages);
  }).sort();
}

const line = (stages: Readonly<Record<string, readonly number[]>>): string => JSON.stringify(Object.entries(stages).sort(([a], [b]) => (a < b ? -1 : 1)));

describe('patterns written in SQL', () => {
  it('answer as Flink does', () => {
    const different = written.flatMap(({ flinkCase, sql }) => {
      const expected = (flinkCase.expect as FlinkAnswer).matches.map(({ stages }) => line(stages)).sort();
      const found = answerOf(sql, flinkCase);
      return JSON.stringify(found) === JSON.stringify(expected) ? [] : [{ id: flinkCase.id, sql: sql.sql, expected, found }];
    });
    expect(different).toEqual([]);
    expect(written.length).toBeGreaterThan(850);
  });
});
