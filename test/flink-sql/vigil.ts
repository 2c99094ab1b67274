import type { JsonValue } from '../../src/event/stream-event.js';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import type { EventTable, Row } from './flink.js';

/** Behind the last event by this much, whatever waits for a time has come to its end. */
const LATER_MS = 4_000 * 86_400_000;

export type VigilAnswer = { readonly rows: readonly Row[] } | { readonly error: string };

/**
 * Runs a query on Vigil.
 * @param pattern members of the rule's pattern that SQL has no place for, such as `emit`
 */
export function runSql(sql: string, table: EventTable, pattern: Readonly<Record<string, JsonValue>> = {}): VigilAnswer {
  const { rule, problems } = compileSql(sql, { id: 'query', pattern });
  return rule === undefined ? { error: problems.map(({ message }) => message).join('\n') } : { rows: runRule(rule as unknown as JsonValue, table) };
}

/** @returns a row for each alert: the parts of its key under their names, and its facts */
export function runRule(rule: JsonValue, { events }: EventTable): Row[] {
  const driver = new RuleTestDriver({ rules: [rule] });
  for (const event of events) driver.push(event);
  driver.finish();
  driver.advanceTo(Number(events.at(-1)?.['ts'] ?? 0) + LATER_MS);
  const keys = [(rule as { readonly key: JsonValue }).key].flat();
  return driver.alerts.map(({ key, facts }) => ({ ...Object.fromEntries(key.map((part, i) => [String(keys[i]), part])), ...facts }));
}
