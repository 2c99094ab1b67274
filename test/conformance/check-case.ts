import { compilePattern } from '../../src/cep/compile-pattern.js';
import type { CompiledPattern } from '../../src/cep/matcher.js';
import type { PatternSpec } from '../../src/cep/pattern.js';
import { validatePattern } from '../../src/cep/validate-pattern.js';
import type { FlinkAnswer, FlinkCase } from './flink-case.js';
import { NaiveMatcher } from './naive-matcher.js';
import type { ResultLine } from './run-case.js';
import { capture, flinkLines, runCase } from './run-case.js';
import { toPattern } from './to-pattern.js';

export interface Verdict {
  /** null = passed; otherwise what is wrong, for people */
  readonly failure: string | null;
  /** whether our answer is also Flink's; null where there is none to compare */
  readonly asFlink: boolean | null;
}

/** Judges one case as the README beside the files says. */
export function checkCase(item: FlinkCase): Verdict {
  if (typeof item.expect === 'string') return { failure: refusalFailure(item), asFlink: null };
  return (item.differs ?? []).length === 0 ? checkAgainstFlink(item, item.expect) : checkAgainstNaive(item, item.expect);
}

/** `pattern.unbounded` is no answer: most of the cases have no time limit. */
function refusalFailure(item: FlinkCase): string | null {
  const { spec } = toPattern(item.pattern, 'last');
  const refused = validatePattern(spec).some((problem) => problem.severity === 'error' && problem.code !== 'pattern.unbounded');
  return refused ? null : 'not refused at validation';
}

function checkAgainstFlink(item: FlinkCase, expect: FlinkAnswer): Verdict {
  const failure = runAllWays(item, toPattern(item.pattern, 'first').spec, flinkLines(expect), 'Flink');
  return { failure, asFlink: failure === null };
}

/** A timeout for each partial match here: how many forks Flink would count is not part of the meaning. */
function checkAgainstNaive(item: FlinkCase, expect: FlinkAnswer): Verdict {
  const { spec, stageNames } = toPattern(item.pattern, 'last');
  const ours: PatternSpec = { ...spec, timeoutPer: 'match' };
  const answer = runCase(item, naive(ours, stageNames), false);
  const asFlink = difference(runCase(item, compile(spec, false), false), flinkLines(expect), 'Flink') === null;
  return { failure: runAllWays(item, ours, answer, 'the naive matcher'), asFlink };
}

function runAllWays(item: FlinkCase, spec: PatternSpec, expected: readonly ResultLine[], whose: string): string | null {
  for (const fast of [false, true]) {
    for (const restoreEachStep of [false, true]) {
      const found = difference(runCase(item, compile(spec, fast), restoreEachStep), expected, whose);
      if (found !== null) return `${fast ? 'fast forms on' : 'general'}${restoreEachStep ? ', restored after each step' : ''}: ${found}`;
    }
  }
  return null;
}

function compile(spec: PatternSpec, fast: boolean): CompiledPattern {
  return compilePattern(spec, { capture, fast, maxPartialMatches: Infinity });
}

/** The naive matcher keeps the events it is given, so it gets copies; it has no bytes, so it is never restored. */
function naive(spec: PatternSpec, stageNames: readonly string[]): Pick<CompiledPattern, 'newState' | 'stageNames'> {
  const matcher = new NaiveMatcher(spec);
  const unused = (): never => {
    throw new Error('the naive matcher only matches');
  };
  const state: ReturnType<CompiledPattern['newState']> = {
    step: (event) => matcher.step(capture(event)).map((output) => ({ ...output, overflowed: false })),
    advanceTime: (watermarkMs) => matcher.advanceTime(watermarkMs).map((output) => ({ ...output, overflowed: false })),
    dropped: 0, nextDeadline: unused, restsAt: unused, expiresAt: unused, isEmpty: unused, partialMatches: unused, clear: unused, write: unused, read: unused,
  };
  return { stageNames, newState: () => state };
}

function difference(got: readonly ResultLine[], expected: readonly ResultLine[], whose: string): string | null {
  if (got.join('\n') === expected.join('\n')) return null;
  const missing = without(expected, got).map((line) => `\n    only ${whose}: ${line}`);
  const extra = without(got, expected).map((line) => `\n    only ours: ${line}`);
  return [...missing, ...extra].join('');
}

/** Multiset difference. */
function without(lines: readonly ResultLine[], others: readonly ResultLine[]): ResultLine[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
