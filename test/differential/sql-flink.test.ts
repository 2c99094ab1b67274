import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../src/event/stream-event.js';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import { toSql } from '../../src/rules/sql/to-sql.js';
import { readCases, type FlinkAnswer, type FlinkCase } from '../conformance/flink-case.js';
import { sqlOfCase } from './flink-case-sql.js';

/** Answers of Flink's own matcher that every matcher of ours agrees with. */
const cases = readCases('../shared/conformance').filter(({ name }) => name === 'core.jsonl' || name === 'facts.jsonl').flatMap(({ cases }) => cases);
const written = cases.flatMap((flinkCase) => {
  const sql = sqlOfCase(flinkCase);
  return sql === null ? [] : [{ flinkCase, sql }];
});

const asFlink = (skipNone: boolean): Readonly<Record<string, JsonValue>> => ({ emit: 'ordered', limit: 1_000, ...(skipNone ? { skip: 'none' } : {}) });

/** Each match as its events by stage, in no order; events between stages are left out. */
function answerOf(sql: string, skipNone: boolean, flinkCase: FlinkCase): string[] {
  const { rule, problems } = compileSql(sql, { id: 'case', pattern: asFlink(skipNone) });
  if (rule === undefined) throw new Error(`${flinkCase.id}: ${sql}\n${JSON.stringify(problems)}`);
  const driver = new RuleTestDriver({ rules: [rule as unknown as JsonValue] });
  for (const item of flinkCase.input) if ('id' in item) driver.push({ ...item, id: String(item.id), k: 'k' });
  driver.finish();
  // what an older partial match still holds back when a case ends is not part of its answer; the clock fires what is due before it
  const last = flinkCase.input.at(-1);
  if (last !== undefined && 'watermark' in last) driver.advanceTo(last.watermark + 1);
  return driver.alerts.map(({ evidence }) => {
    const stages: Record<string, number[]> = {};
    for (const { stage, id } of evidence) if (!stage.startsWith('between')) (stages[stage] ??= []).push(Number(id));
    return line(stages);
  }).sort();
}

const line = (stages: Readonly<Record<string, readonly number[]>>): string => JSON.stringify(Object.entries(stages).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Cases whose answer differs from Flink's, of those whose text `write` gives. */
function differences(write: (sql: string) => string | null): { readonly compared: number; readonly different: unknown[] } {
  let compared = 0;
  const different: unknown[] = [];
  for (const { flinkCase, sql } of written) {
    const text = write(sql.sql);
    if (text === null) continue;
    compared++;
    const expected = (flinkCase.expect as FlinkAnswer).matches.map(({ stages }) => line(stages)).sort();
    const found = answerOf(text, sql.skipNone, flinkCase);
    if (JSON.stringify(found) !== JSON.stringify(expected)) different.push({ id: flinkCase.id, text, expected, found });
  }
  return { compared, different };
}

describe('patterns written in SQL', () => {
  it('answer as Flink does', () => {
    const { compared, different } = differences((sql) => sql);
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(850);
  });

  it('answer alike when their rules are written as SQL again', () => {
    const { compared, different } = differences((sql) => toSql(compileSql(sql).rule));
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(850);
  });

  it('answer alike when their rules are written with the words of Flink alone', () => {
    const { compared, different } = differences((sql) => toSql(compileSql(sql).rule, 'flink'));
    // of the ways that end with one event, those of `followedByAny` come in another order
    expect(different).toEqual([expect.objectContaining({ id: 'F44', expected: ['[["a",[0]],["b",[2]],["c",[4]],["d",[6]]]'], found: ['[["a",[0]],["b",[3]],["c",[5]],["d",[6]]]'] })]);
    expect(compared).toBeGreaterThan(500);
  });
});
