import type { Automaton, State, TakeBranch } from '../automaton.js';
import type { PatternSpec } from '../pattern.js';
import type { Program } from '../program.js';
import type { FormBasics } from './form.js';

/**
 * A pattern in which every event that fits forks (skip till any), by conditions that look at no more than the last event
 * taken. Partial matches that end with the same event in the same place then have the same future and are kept as one *entry*,
 * with the entries that may come before it: a graph of all partial matches, of a size linear in the events.
 * Source of the idea: M. Bucchi, A. Grez, A. Quintana, C. Riveros, S. Vansummeren, CORE: a Complex Event Recognition Engine,
 * VLDB 2022 (timed enumerable compact sets).
 */
export interface CompactProgram extends FormBasics {
  /** places in which an entry can be; a start state is none */
  readonly places: readonly Place[];
  readonly longest: boolean;
  /** a match takes everything with it (skip past the last event) */
  readonly clears: boolean;
  readonly entriesMax: number;
  readonly checks: number;
}

export interface Place {
  readonly number: number;
  /** of the event of each entry */
  readonly stage: number;
  /** the match may end here */
  readonly ends: boolean;
  /** by which branch an event begins a match here, or null */
  readonly begins: TakeBranch | null;
  /** ways that lead here from other places, and how far back they reach */
  readonly ways: readonly Way[];
  /** of an entry to which no way leads */
  readonly nothingBefore: readonly null[];
  /** ways that lead on from here, the preferred first */
  readonly onward: readonly Way[];
}

export interface Way {
  /** its number among `ways` of the place it leads to */
  readonly slot: number;
  readonly from: number;
  readonly to: number;
  readonly branch: TakeBranch;
  /** largest time from the event before, ms */
  readonly withinMs: number;
}

/** Entries of one key are smaller than partial matches and stand for many of them. */
const ENTRIES_PER_PARTIAL_MATCH = 20;

/** @returns null where the general matcher is needed */
export function compactProgram(spec: PatternSpec, program: Program): CompactProgram | null {
  const { automaton } = program;
  const skip = program.skip.to;
  if (program.ordered || program.accept !== null || (skip !== 'pastLast' && skip !== 'none')) return null;
  // past the last event there is nothing left of the other matches
  const limit = skip === 'pastLast' ? 1 : program.limit;
  if (spec.pick === 'longest' && limit !== 1) return null;
  if (!automaton.states.every((state) => isCompact(state, automaton, skip === 'pastLast'))) return null;
  const places = placesOf(automaton);
  if (places === null) return null;
  if (!readOnlyLastEvent(places)) return null;
  // an entry is needed as long as a match by it may come: only a limit on the whole says how long that is
  if (program.withinMs === Infinity && places.some((place) => place.ways.some((way) => way.withinMs < Infinity))) return null;
  const { withinMs, accept, maxPartialMatches, capture } = program;
  return {
    withinMs, limit, accept, maxPartialMatches, capture, inclusive: spec.edge !== 'exclusive', places, longest: spec.pick === 'longest',
    clears: skip === 'pastLast', entriesMax: maxPartialMatches * ENTRIES_PER_PARTIAL_MATCH, checks: automaton.checks.length,
  };
}

function isCompact(state: State, automaton: Automaton, clears: boolean): boolean {
  if (state.finals.some((final) => final.having.length > 0 || final.unless.length > 0)) return false;
  return state.branches.every((branch) => {
    if (branch.kind !== 'take' || branch.forbidden.length + branch.forbiddenNext.length + branch.greedy.length + branch.having.length > 0) return false;
    if (branch.onceIn >= 0 || branch.bounds.some((bound) => bound.after !== 'last')) return false;
    const { check, follow, target } = branch;
    if (check.where !== null && check.readsLastOf === null) return false;
    return state === automaton.start || follow === 'followedByAny' || (clears && follow === 'followedBy' && target.branches.length === 0);
  });
}

/**
 * Whether all that conditions read of the match is its last event: a stage they read is either that of the last event, or
 * cannot have been taken yet.
 */
function readOnlyLastEvent(places: readonly Place[]): boolean {
  const taken = places.map((place) => new Set(place.begins === null ? [] : [place.stage]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const { from, to } of places.flatMap((place) => place.ways)) {
      const into = taken[to] as Set<number>;
      const before = into.size;
      for (const stage of taken[from] as Set<number>) into.add(stage);
      if ((taken[from] as Set<number>).size > 0) into.add((places[to] as Place).stage);
      changed ||= into.size > before;
    }
  }
  return places.flatMap((place) => place.ways).every(({ from, branch }) => {
    const reads = branch.check.where === null ? [] : (branch.check.readsLastOf ?? []);
    return reads.every((stage) => stage === (places[from] as Place).stage || !(taken[from] as Set<number>).has(stage));
  });
}

/** A place is a state of the automaton together with the stage of the event that led there. */
function placesOf(automaton: Automaton): Place[] | null {
  const all = automaton.states.flatMap((state) => state.branches as readonly TakeBranch[]);
  const keyOf = (branch: TakeBranch): string => `${branch.target.id}/${branch.stage}`;
  const numberOf = new Map([...new Set(all.map(keyOf))].map((key, number) => [key, number]));
  const targets = [...numberOf.keys()].map((key) => all.find((branch) => keyOf(branch) === key) as TakeBranch);
  const ways: Way[][] = targets.map(() => []);
  const onward: Way[][] = targets.map(() => []);
  for (const [from, { target }] of targets.entries()) {
    for (const branch of target.branches as readonly TakeBranch[]) {
      const to = numberOf.get(keyOf(branch)) as number;
      const into = ways[to] as Way[];
      const way = { slot: into.length, from, to, branch, withinMs: Math.min(Infinity, ...branch.bounds.map((bound) => bound.ms)) };
      into.push(way);
      (onward[from] as Way[]).push(way);
    }
  }
  const starts = automaton.start.branches as readonly TakeBranch[];
  if (new Set(starts.map(keyOf)).size < starts.length) return null;
  return targets.map(({ target, stage }, number) => ({
    number, stage, ends: target.finals.length > 0, begins: starts.find((branch) => numberOf.get(keyOf(branch)) === number) ?? null,
    ways: ways[number] as Way[], nothingBefore: (ways[number] as Way[]).map(() => null), onward: onward[number] as Way[],
  }));
}
