/**
 * What Vigil offers to TypeScript: write rules, judge them, and run them over events without a service.
 *
 *     const velocity = rule('velocity').from('payments').key('card').let('n', { count: true, window: '10m' }).when(fact('n').gt(5)).build();
 *     const driver = new RuleTestDriver({ rules: [velocity] });
 *     driver.push({ id: 'e1', type: 'payment', ts: 1_000, card: 'c1' });
 *     driver.alerts;
 */
export { EngineError } from '../event/engine-error.js';
export type { JsonValue } from '../event/stream-event.js';
export { all, any, cel, every, fact, named, none, not, param, some, type Cel, type Comparand, type FactExpression } from '../rules/builder/conditions.js';
export { pattern, type PatternBuilder } from '../rules/builder/pattern.js';
export { rule, type FinishedRule, type RuleDocument, type WithKey, type WithSource } from '../rules/builder/rule.js';
export { absent, allOf, group, never, oneOf, stage, type AbsentStage, type EventStage, type NotStage, type StageBuilder, type TakingStage } from '../rules/builder/stages.js';
export type { ConditionJson } from '../rules/conditions/condition-node.js';
export type { Problem, ProblemCode } from '../rules/problem.js';
export type { Rule } from '../rules/rule-schema.js';
export { compileSql, type SqlCompilation } from '../rules/sql/compile-sql.js';
export type { SqlProblem, SqlProblemCode } from '../rules/sql/sql-problem.js';
export { toSql } from '../rules/sql/to-sql.js';
export type { SqlDialect } from '../rules/sql/write/write-pattern.js';
export { validateRule, type RuleValidation, type ValidateOptions } from '../rules/validate-rule.js';
export { RuleTestDriver, type DrivenAlert, type DrivenRule, type DriverOptions } from './testing/rule-test-driver.js';
