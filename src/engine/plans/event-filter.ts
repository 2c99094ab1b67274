import type { CompiledPattern } from '../../cep/matcher.js';
import type { ElementSpec, EventCheck, LoopSpec } from '../../cep/pattern.js';
import { NO_MATCH, type EventTest } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import type { FactCounters } from '../../rules/fact-counters.js';
import type { RunningRule } from '../groups/running-rule.js';
import type { TriggeredRules } from './triggered-rules.js';

/**
 * Tells from an event alone that no condition holds of it, and that no pattern of a group can take, forbid or cancel anything by it: then
 * neither its key's state is looked up nor made. Most events of a stream are such events.
 */
export class EventFilter {
  private constructor(
    private readonly whens: TriggeredRules,
    private readonly patterns: readonly RunningRule[],
    private readonly tests: readonly (readonly EventTest[])[],
  ) {}

  /** @param whens rules that read nothing but the event @returns null where events of the type must always be offered */
  static of(whens: TriggeredRules, patterns: readonly RunningRule[], type: string): EventFilter | null {
    if (whens.all.some(({ live, program: { when, policy } }) => live.rule.onMissing === 'error' || policy.rearm !== null || when?.observed === true)) return null;
    const tests: (readonly EventTest[])[] = [];
    for (const rule of patterns) {
      const own = rule.program.pattern === null || rule.live.rule.onMissing === 'error' ? null : localTests(rule.program.pattern.compiled, type);
      if (own === null) return null;
      tests.push(own);
    }
    return new EventFilter(whens, patterns, tests);
  }

  /** Whether some rule may care. What an admitted event lacks is counted when the rule looks at it, not here. */
  admits(event: StreamEvent): boolean {
    try {
      return this.isOfInterest(event);
    } catch {
      // what goes wrong is for the rule to answer for, where it is run
      return true;
    }
  }

  private isOfInterest(event: StreamEvent): boolean {
    const whens = this.whens.for(event);
    for (let i = 0; i < whens.length; i++) {
      const { when, counters } = (whens[i] as RunningRule).program;
      if (when !== null && holds(when.test, event, counters)) return true;
    }
    for (let i = 0; i < this.patterns.length; i++) {
      const { counters } = (this.patterns[i] as RunningRule).program;
      for (const test of this.tests[i] as readonly EventTest[]) if (holds(test, event, counters)) return true;
    }
    for (let i = 0; i < whens.length; i++) (whens[i] as RunningRule).counts.evaluated++;
    for (let i = 0; i < this.patterns.length; i++) (this.patterns[i] as RunningRule).counts.evaluated++;
    return false;
  }
}

/** Whether a condition holds; one that does will be asked again, and has then counted nothing before. */
function holds(test: EventTest, event: StreamEvent, counters: FactCounters): boolean {
  const { missing, type } = counters;
  if (!test(event, NO_MATCH)) return false;
  counters.missing = missing;
  counters.type = type;
  return true;
}

/** Conditions of which an event of the type must fit one to have any effect; null: any can have one. */
function localTests({ spec, types }: CompiledPattern, type: string): readonly EventTest[] | null {
  // strict contiguity: every event has an effect
  if (types === null) return null;
  const tests: EventTest[] = [];
  for (const check of spec.elements.flatMap(checksOf)) {
    if (check.types == null) return null;
    if (!check.types.includes(type)) continue;
    if (check.local == null) return null;
    tests.push(check.local);
  }
  return tests;
}

function checksOf(element: ElementSpec): EventCheck[] {
  switch (element.kind) {
    case 'stage':
      return [element.check, ...untilOf(element)];
    case 'group':
      return [...element.elements.flatMap(checksOf), ...untilOf(element)];
    case 'oneOf':
      return [...element.alternatives.flatMap(checksOf), ...untilOf(element)];
    case 'allOf':
      return element.members.flatMap(checksOf);
    case 'not':
    case 'absent':
      return [element.check];
  }
}

const untilOf = ({ until }: LoopSpec): EventCheck[] => (until == null ? [] : [until]);
