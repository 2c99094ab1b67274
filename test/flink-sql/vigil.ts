import type { JsonValue } from '../../src/event/stream-event.js';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import type { EventTable, Row } from './flink.js';

/** Far behind the last event: whatever waits for a time has come to its end. */
const LATER_MS = 400 * 86_400_000;

export type VigilAnswer = { readonly rows: readonly Row[] } | { readonly error: string };

/**
 * Runs a query on Vigil.
 * @param pattern members of the rule's pattern that SQL has no place for, such as `emit`
 * @returns a row for each alert: what the text partitions by under its name, and the facts of the alert
 */
export function runOnVigil(sql: string, { events }: EventTable, pattern: Readonly<Record<string, JsonValue>>): VigilAnswer {
  const { rule, problems } = compileSql(sql, { id: 'query', pattern });
  if (rule === undefined) return { error: problems.map(({ message }) => message).join('\n') };
  const document = rule as unknown as { readonly key: JsonValue };
  const driver = new RuleTestDriver({ rules: [rule as unknown as JsonValue] });
  for (const event of events) driver.push(event);
  driver.finish();
  driver.advanceTo(Number(events.at(-1)?.['ts'] ?? 0) + LATER_MS);
  const keys = [document.key].flat();
  return { rows: driver.alerts.map(({ key, facts }) => ({ ...Object.fromEntries(key.map((part, i) => [String(keys[i]), part])), ...facts })) };
}
