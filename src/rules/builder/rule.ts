import { EngineError } from '../../event/engine-error.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { ConditionJson } from '../conditions/condition-node.js';
import type { Rule } from '../rule-schema.js';
import type { LetInput } from '../schema/let-schema.js';
import type { FactRefInput } from '../schema/scalars.js';
import { validateRule } from '../validate-rule.js';
import type { PatternBuilder } from './pattern.js';

/** A rule as JSON: what is posted, stored and run. */
export type RuleDocument = { readonly [name: string]: JsonValue } & { readonly id: string };

type Alert = NonNullable<Rule['alert']>;
type Fire = NonNullable<NonNullable<Rule['policy']>['fire']>;
type Meta = Pick<Rule, 'name' | 'description' | 'severity' | 'tags' | 'params' | 'onMissing' | 'onChange' | 'limits' | 'conditions' | 'tests'>;

/**
 * Begins a rule. What comes next is a matter of types: a source, a key, then state, and either `when` or `pattern`.
 *
 *     rule('velocity').from('payments').key('card')
 *       .let('n', { count: true, window: '10m' })
 *       .when(fact('n').gt(5)).fire({ once: '10m' })
 *       .build();
 */
export function rule(id: string, meta: Meta = {}): { from(...sources: readonly [string, ...string[]]): WithSource } {
  return { from: (...sources) => new WithSource({ id, ...meta, from: sources.length === 1 ? sources[0] : [...sources] } as Rule) };
}

/** A rule with sources, without a key. */
export class WithSource {
  constructor(private readonly json: Omit<Rule, 'key'>) {}

  /** Events of the same key are looked at together. */
  key(...parts: readonly [FactRefInput, ...FactRefInput[]]): WithKey {
    return new WithKey({ ...this.json, key: parts.length === 1 ? parts[0] : [...parts] } as Rule);
  }
}

/** A rule that still needs `when` or `pattern`. */
export class WithKey {
  constructor(private readonly json: Rule) {}

  /** State per key, or CEL text; an entry may use those before it. */
  let(name: string, entry: LetInput): WithKey {
    return new WithKey({ ...this.json, let: { ...this.json.let, [name]: entry } });
  }

  /** Fires for each event for which the condition holds. @param types of events that are asked; default all */
  when(condition: ConditionJson, ...types: readonly string[]): FinishedRule {
    return new FinishedRule({ ...this.json, ...(types.length === 0 ? {} : { on: types.length === 1 ? (types[0] as string) : [...types] }), when: condition });
  }

  /** Fires for each match. */
  pattern(pattern: PatternBuilder): FinishedRule {
    return new FinishedRule({ ...this.json, pattern: pattern.toPattern() });
  }
}

/** A rule that can be built; what is said of its output is up to the author. */
export class FinishedRule {
  constructor(private readonly json: Rule) {}

  /** When a rule whose condition holds fires. Default `each` */
  fire(fire: Fire): FinishedRule {
    return new FinishedRule({ ...this.json, policy: { ...this.json.policy, fire } });
  }

  alert(alert: Alert): FinishedRule {
    return new FinishedRule({ ...this.json, alert: { ...this.json.alert, ...alert } });
  }

  /** The output is also an event of the source `signals`. */
  emit(signal: string, fields?: NonNullable<Rule['emit']>['fields']): FinishedRule {
    return new FinishedRule({ ...this.json, emit: { signal, ...(fields === undefined ? {} : { fields }) } });
  }

  /**
   * The rule as JSON.
   * @throws EngineError `rule.invalid` with code, pointer and message of the first problem
   */
  build(): RuleDocument {
    const document = JSON.parse(JSON.stringify(this.json)) as RuleDocument;
    const [first] = validateRule(document).problems;
    if (first !== undefined) throw new EngineError('rule.invalid', { problem: first.code, pointer: first.pointer, message: first.message });
    return document;
  }
}
