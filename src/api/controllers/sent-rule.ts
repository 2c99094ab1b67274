import type { JsonValue } from '../../event/stream-event.js';
import { compileSql, type SqlCompilation } from '../../rules/sql/compile-sql.js';
import type { SqlProblem } from '../../rules/sql/sql-problem.js';
import type { RuleFinding, RuleValidation, RuleValidator } from '../ports.js';

type Body = Readonly<Record<string, unknown>>;

/** A rule that was sent, as a document, and what is to be said of it. */
export interface SentRule {
  readonly document: JsonValue;
  readonly validation: RuleValidation;
}

/**
 * Judges a rule as it was sent: a document, or `{"sql": "SELECT …", "id": …}` with any members that SQL has no place for. What is wrong
 * with a text is said with line and column.
 */
export async function judgeSent(body: Body, validator: RuleValidator): Promise<SentRule> {
  if (!('sql' in body)) return { document: body as JsonValue, validation: await validator.validate(body as JsonValue) };
  const { sql, ...members } = body;
  if (typeof sql !== 'string') return refused(members as JsonValue, [{ code: 'rule.wrong-type', pointer: '/sql', detail: 'found something else than a text; expected SELECT … FROM … MATCH_RECOGNIZE (…)' }], []);
  const compilation = compileSql(sql, members as Readonly<Record<string, JsonValue>>);
  // what the validator warns of is said by it
  const warnings = compilation.warnings.filter(({ code }) => code.startsWith('sql.')).map(findingInSql);
  if (compilation.rule === undefined) return refused(members as JsonValue, compilation.problems.map(findingInSql), warnings);
  const document = compilation.rule as unknown as JsonValue;
  const validation = await validator.validate(document);
  const placed = (findings: readonly RuleFinding[]): RuleFinding[] => findings.map((finding) => findingAt(finding, compilation));
  return { document, validation: { ...validation, problems: placed(validation.problems), warnings: [...warnings, ...placed(validation.warnings)] } };
}

function refused(document: JsonValue, problems: readonly RuleFinding[], warnings: readonly RuleFinding[]): SentRule {
  return { document, validation: { valid: false, problems, warnings, stateBound: null, cost: null } };
}

function findingInSql({ code, message, line, column }: SqlProblem): RuleFinding {
  return { code, pointer: '/sql', detail: `line ${line}, column ${column}: ${message}`, line, column };
}

/** A finding about the rule that a text stands for, at the place in the text where that part comes from. */
function findingAt({ code, pointer, detail }: RuleFinding, { placeOf }: SqlCompilation): RuleFinding {
  return findingInSql({ code: code as SqlProblem['code'], message: detail, ...placeOf(pointer) });
}
