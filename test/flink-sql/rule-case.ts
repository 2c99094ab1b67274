import type { JsonValue } from '../../src/event/stream-event.js';
import { toSql } from '../../src/rules/sql/to-sql.js';
import type { Query } from './compare.js';
import type { EventTable } from './flink.js';

/** A rule and the events that it runs over, from a table of its own. */
export interface RuleCase {
  readonly name: string;
  readonly rule: JsonValue;
  readonly table: EventTable;
}

/** Rules with their text for Flink, those that have one. */
export function writtenForFlink(cases: readonly RuleCase[]): (RuleCase & { readonly query: Query })[] {
  return cases.flatMap((ruleCase) => {
    const sql = toSql(ruleCase.rule, 'flink');
    return sql === null ? [] : [{ ...ruleCase, query: { name: ruleCase.name, table: String((ruleCase.rule as { readonly from: JsonValue }).from), sql } }];
  });
}
