import type { Automaton } from './automaton.js';
import { compileAutomaton } from './close-states.js';
import { chooseForm } from './fast/choose-form.js';
import { GeneralState } from './general-matcher.js';
import { MAX_BRANCHES, MAX_STATES } from './limits.js';
import type { CompiledPattern, CompileOptions, PatternState } from './matcher.js';
import type { ElementSpec, PatternSpec } from './pattern.js';
import { Program } from './program.js';

/** Compiles a pattern for which `validatePattern` reports no error (`pattern.unbounded` apart, which costs memory only). */
export function compilePattern(spec: PatternSpec, options: CompileOptions): CompiledPattern {
  const automaton = compileAutomaton(spec, { statesMax: MAX_STATES, branchesMax: MAX_BRANCHES });
  return new Compiled(spec, automaton, options);
}

class Compiled implements CompiledPattern {
  readonly form: string;
  readonly stageNames: readonly string[];
  readonly types: readonly string[] | null;
  readonly newState: () => PatternState;

  constructor(
    readonly spec: PatternSpec,
    automaton: Automaton,
    options: CompileOptions,
  ) {
    const program = new Program(spec, automaton, options);
    const fast = options.fast === false ? null : chooseForm(spec, program);
    this.form = fast?.name ?? 'general';
    this.newState = fast?.newState ?? (() => new GeneralState(program));
    this.stageNames = spec.elements.flatMap(namesOf);
    this.types = program.everyEvent ? null : typesOf(automaton);
  }
}

function namesOf(element: ElementSpec): string[] {
  if (element.kind === 'stage') return [element.name];
  if (element.kind === 'group') return element.elements.flatMap(namesOf);
  if (element.kind === 'oneOf') return element.alternatives.flatMap(namesOf);
  return element.kind === 'allOf' ? element.members.flatMap(namesOf) : [];
}

/** Types of the events that can have any effect; null = any event can. */
export function typesOf(automaton: Automaton): readonly string[] | null {
  const types = new Set<string>();
  for (const state of automaton.states) {
    if (state.eager && state !== automaton.start) return null;
    for (const check of state.watched) {
      if (check.types === null) return null;
      for (const type of check.types) types.add(type);
    }
  }
  return [...types].sort();
}
