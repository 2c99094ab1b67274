import type { JsonValue } from '../../src/event/stream-event.js';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import { readCases, type FlinkCase } from '../conformance/flink-case.js';
import { sqlOfCase } from '../differential/flink-case-sql.js';
import { AS_FLINK } from './compare.js';
import type { EventTable } from './flink.js';
import type { RuleCase } from './rule-case.js';

/** The cases of the conformance set that SQL can ask for, as rules that tell of each stage how many events it took, the first and the last. */
export function conformanceRules(): RuleCase[] {
  const cases = readCases('../shared/conformance').filter(({ name }) => name === 'core.jsonl' || name === 'facts.jsonl').flatMap((file) => file.cases);
  return cases.flatMap((flinkCase) => {
    const sql = sqlOfCase(flinkCase);
    // SQL has no word for skipping nothing
    if (sql === null || sql.skipNone) return [];
    const name = `case_${flinkCase.id}`;
    const { rule } = compileSql(sql.sql, { id: name, from: name, pattern: AS_FLINK });
    const stages = (rule?.pattern?.stages ?? []).flatMap((stage) => ('as' in stage && stage.as !== undefined ? [stage.as] : []));
    const facts = stages.flatMap((stage) => [[`${stage}_n`, { fact: `${stage}.count` }], [`${stage}_first`, { fact: `${stage}.first.id` }], [`${stage}_last`, { fact: `${stage}.last.id` }]]);
    return [{ name, rule: { ...rule, alert: { facts: Object.fromEntries(facts) } } as unknown as JsonValue, table: tableOf(flinkCase) }];
  });
}

function tableOf({ input }: FlinkCase): EventTable {
  const events = input.flatMap((item) => ('id' in item ? [{ ...item, id: String(item.id), k: 'k' }] : [])).sort((a, b) => a.ts - b.ts);
  return { columns: { id: 'STRING', type: 'STRING', k: 'STRING', ts: 'TIME', n: 'DOUBLE' }, events };
}
