import type { CompiledPattern } from '../../cep/matcher.js';
import type { ElementSpec, EventCheck, LoopSpec } from '../../cep/pattern.js';
import { NO_MATCH, type EventTest } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import type { RunningRule } from './running-rule.js';

/**
 * Tells from an event alone that no pattern of a group can take, forbid or cancel anything by it: then neither its key's state is looked up
 * nor made. Most events of a stream are such events.
 */
export class EventFilter {
  private constructor(
    private readonly rules: readonly RunningRule[],
    private readonly tests: readonly (readonly EventTest[])[],
  ) {}

  /** @returns null where events of the type must always be offered */
  static of(rules: readonly RunningRule[], type: string): EventFilter | null {
    const tests: (readonly EventTest[])[] = [];
    for (const rule of rules) {
      const own = rule.program.pattern === null || rule.live.rule.onMissing === 'error' ? null : localTests(rule.program.pattern.compiled, type);
      if (own === null) return null;
      tests.push(own);
    }
    return new EventFilter(rules, tests);
  }

  /** Whether some pattern may care. What an admitted event lacks is counted when the pattern looks at it, not here. */
  admits(event: StreamEvent): boolean {
    for (let i = 0; i < this.rules.length; i++) {
      const { counters } = (this.rules[i] as RunningRule).program;
      const { missing, type } = counters;
      for (const test of this.tests[i] as readonly EventTest[]) {
        if (!test(event, NO_MATCH)) continue;
        counters.missing = missing;
        counters.type = type;
        return true;
      }
    }
    for (const { counts } of this.rules) counts.evaluated++;
    return false;
  }
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
