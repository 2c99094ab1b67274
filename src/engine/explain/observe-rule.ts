import { NO_MATCH } from '../../event/match-view.js';
import type { JsonValue, StreamEvent } from '../../event/stream-event.js';
import { WITNESS, type CompiledRule, type RuleEnvironment } from '../../rules/compile-rule.js';
import { stageNumbers } from '../../rules/compile-pattern.js';
import { ANY_EVENT } from '../../rules/conditions/access.js';
import { explainCondition } from '../../rules/conditions/explain-condition.js';
import { FactScope } from '../../rules/fact-scope.js';
import type { PatternProgram, RuleProgram, WhenProgram } from '../../rules/program.js';
import type { ResolvedRule } from '../../rules/rule.js';
import type { Observation, Observer } from './observation.js';
import { coordinatesOf, ObservedPattern } from './observed-pattern.js';
import { StageChecks } from './stage-checks.js';

/**
 * The same rule, telling an observer what it makes of every event of its sources. It fires as before; what is saved by not looking at events
 * that cannot matter is given up. For simulation, never for a running task.
 */
export function observeRule(compiled: CompiledRule, rule: ResolvedRule, { layout, lists }: RuleEnvironment, observer: Observer): CompiledRule {
  const { program } = compiled;
  const names = new Map(program.lets.map(({ name, slot }) => [name, slot]));
  // what an explanation finds missing it says; only the rule itself refuses events for it
  const { params, conditions, compat } = rule;
  const newScope = (): FactScope =>
    new FactScope({ layout, params, lets: names, lists, namedConditions: conditions, compat, ...(rule.pattern === null ? {} : { stages: stageNumbers(rule.pattern) }) });
  const about = (event: StreamEvent | null, last: StreamEvent | null): Pick<Observation, 'rule' | 'version' | 'key' | 'event' | 'lets'> => ({
    rule: program.ruleId,
    version: program.version,
    key: last === null ? null : compiled.key.read(last),
    event: event === null ? null : coordinatesOf(event),
    lets: event === null ? {} : letsAt(event, program),
  });
  return {
    ...compiled,
    program: {
      ...program,
      access: ANY_EVENT,
      when: program.when === null ? null : observedWhen(program.when, rule, newScope(), (event, when) => observer({ ...about(event, event), at: event.ts, when, pattern: null, nearMiss: !when.result })),
      pattern:
        program.pattern === null || rule.pattern === null
          ? null
          : observedPattern(program.pattern, new StageChecks(rule.pattern, newScope), (event, last, at, { nearMiss, ...pattern }) => observer({ ...about(event, last), at, when: null, pattern, nearMiss })),
    },
  };
}

function letsAt(event: StreamEvent, { lets }: RuleProgram): Record<string, JsonValue> {
  const values: Record<string, JsonValue> = {};
  for (const { name, slot } of lets) {
    const value = event.fields[slot];
    if (value !== undefined) values[name] = withoutWitness(value);
  }
  return values;
}

function withoutWitness(value: JsonValue): JsonValue {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || !Object.hasOwn(value, WITNESS)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== WITNESS));
}

function observedWhen(when: WhenProgram, rule: ResolvedRule, scope: FactScope, tell: (event: StreamEvent, when: NonNullable<Observation['when']>) => void): WhenProgram {
  const explain = explainCondition(rule.when, scope);
  return {
    ...when,
    ranges: [],
    observed: true,
    test: (event, match) => {
      tell(event, explain(event, NO_MATCH));
      return when.test(event, match);
    },
  };
}

/** Every event reaches it, whatever its type: the types of the pattern would leave out those that explain nothing happening. */
function observedPattern(pattern: PatternProgram, checks: StageChecks, tell: ConstructorParameters<typeof ObservedPattern>[2]): PatternProgram {
  const { spec, stageNames, form, newState } = pattern.compiled;
  return { ...pattern, compiled: { spec, stageNames, form, types: null, newState: () => new ObservedPattern(newState(), checks, tell) } };
}
