import { RE2JS } from 're2js';
import { ruleLimits } from './limits.js';

/** A regular expression in linear time. `undefined` for a text too long to look at. */
export type RegexTest = (text: string) => boolean | undefined;

/** Why an expression is refused. */
export interface RegexRefusal {
  readonly message: string;
}

/** Repetitions inside repetitions multiply the program; RE2 itself stops at 1,000 for each and this bounds the product beforehand. */
const REPEAT = /\{(\d{1,6})(?:,(\d{0,6}))?\}/g;

/**
 * Compiles RE2 syntax (no look-around, no back-references). The expression may match anywhere in the text; `^` and `$` anchor it.
 */
export function compileRegex(pattern: string): RegexTest | RegexRefusal {
  if (pattern.length > ruleLimits.regexCharsMax) {
    return { message: `found ${pattern.length} characters; expected at most ${ruleLimits.regexCharsMax}` };
  }
  if (expandedSize(pattern) > ruleLimits.regexProgramMax) {
    return { message: `found repetitions that multiply to more than ${ruleLimits.regexProgramMax} steps; write smaller repeat counts` };
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    return { message: `${reasonOf(error)}; expected RE2 syntax, which has no look-around and no back-references` };
  }
  return (text) => (text.length > ruleLimits.regexInputCharsMax ? undefined : compiled.test(text));
}

function expandedSize(pattern: string): number {
  let size = pattern.length;
  for (const [, low, high] of pattern.matchAll(REPEAT)) size *= Math.max(1, Number(low), Number(high ?? 0));
  return size;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 120) : 'found a syntax error';
}
