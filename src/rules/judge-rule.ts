import { validatePattern, type PatternProblem } from '../cep/validate-pattern.js';
import { EngineError } from '../event/engine-error.js';
import { SlotLayout } from '../event/slot-layout.js';
import { specProblem } from '../state/make-aggregate.js';
import { ruleBounds, type RuleBounds } from './bounds/rule-bounds.js';
import { warnOfState, type SourceFacts } from './check/check-state.js';
import { compileLets, specsOf, type LetNames } from './compile-let.js';
import { patternSpecOf, stageNumbers } from './compile-pattern.js';
import { compileRule } from './compile-rule.js';
import { FactScope } from './fact-scope.js';
import { ruleLimits } from './limits.js';
import { NO_LISTS } from './list-store.js';
import { Problems, type Location } from './problem.js';
import { RecordingLayout } from './recording-layout.js';
import type { ResolvedPattern, ResolvedRule, ResolvedStage } from './rule.js';
import { checkChange } from './state-change.js';
import { validateRule, type RuleValidation, type ValidateOptions } from './validate-rule.js';

export interface JudgeOptions extends ValidateOptions {
  /** what is known of the rule's sources, for warnings */
  readonly sources?: SourceFacts;
  /** the version of the rule that runs now, whose state this one would take over; null where none does */
  readonly running?: { readonly version: number; readonly rule: ResolvedRule } | null;
}

/** What publication says of a rule: everything that `validateRule` says, whether it can run, and what it can keep and cost. */
export interface RuleJudgement extends RuleValidation {
  /** null where there are problems */
  readonly bounds: RuleBounds | null;
}

/** Judges a document as publication does. Never throws for what the document says. */
export function judgeRule(json: unknown, options: JudgeOptions = {}): RuleJudgement {
  const validation = validateRule(json, options);
  const { resolved } = validation;
  if (resolved === undefined) return { ...validation, bounds: null };
  const problems = new Problems(ruleLimits.problemsMax);
  checkProgram(resolved, problems);
  if (options.running) checkChange(options.running.rule, resolved, options.running.version, problems);
  if (problems.any) return { problems: problems.list, warnings: [...validation.warnings, ...problems.warnings], bounds: null };
  const bounds = ruleBounds(resolved);
  warnOfState(resolved, bounds, options.sources ?? {}, problems);
  return { ...validation, warnings: [...validation.warnings, ...problems.warnings], bounds };
}

/** What the engine would refuse when the rule is put to work. */
function checkProgram(rule: ResolvedRule, problems: Problems): void {
  for (const { name, spec } of specsOf(rule)) {
    const problem = specProblem(spec);
    if (problem !== null) problems.add('let.window', ['let', name, 'window'], `found a window that means nothing: ${problem}`);
  }
  if (rule.pattern !== null) checkMatching(rule, rule.pattern, problems);
  if (problems.any) return;
  try {
    compileRule(rule, 1, rule.id, { layout: new SlotLayout(), lists: NO_LISTS });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    problems.add('rule.not-compiled', [], `found a rule that cannot be compiled: ${String(error.details['message'] ?? error.message)}`);
  }
}

/** What the matcher says of the pattern. Whether it is bounded in time was said before, by the words of the language. */
function checkMatching(rule: ResolvedRule, pattern: ResolvedPattern, problems: Problems): void {
  const layout = new SlotLayout();
  const names: LetNames = new Map();
  const options = { params: rule.params, lets: names, namedConditions: rule.conditions, compat: rule.compat };
  compileLets(rule, names, new FactScope({ ...options, layout }), rule.id, layout);
  const { spec } = patternSpecOf(pattern, (reads) => new FactScope({ ...options, layout: new RecordingLayout(layout, reads), stages: stageNumbers(pattern) }));
  for (const { code, severity, path, message } of validatePattern(spec)) {
    if (code === 'pattern.unbounded') continue;
    const at = placeOf(path, pattern);
    if (severity === 'error') problems.add(code, at, `found a pattern that cannot run: ${message}`);
    else problems.warn(code, at, `found a stage that ${message}`);
  }
}

/** Where in the document the matcher's path leads. */
function placeOf(path: PatternProblem['path'], pattern: ResolvedPattern): Location {
  if (path.length === 0) return ['pattern'];
  const at: (string | number)[] = ['pattern', 'stages'];
  let stages: readonly ResolvedStage[] = pattern.stages;
  for (const [depth, i] of path.entries()) {
    at.push(i);
    const stage = stages[i];
    if (stage === undefined || depth === path.length - 1) break;
    if (stage.kind === 'group') stages = stage.stages;
    else if (stage.kind === 'oneOf') stages = stage.choices.flatMap((choice) => choice.slice(0, 1));
    else break;
    at.push(stage.kind);
  }
  return at;
}
