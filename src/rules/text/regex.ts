import { RE2JS } from 're2js';
import { ruleLimits } from '../limits.js';

/** A regular expression in linear time. `undefined` for a text too long to look at. */
export type RegexTest = (text: string) => boolean | undefined;

/** Why an expression is refused. */
export interface RegexRefusal {
  readonly message: string;
}

const REPEAT = /^\{(\d{1,6})(?:,(\d{0,6}))?\}/;

/**
 * Compiles RE2 syntax (no look-around, no back-references). The expression may match anywhere in the text; `^` and `$` anchor it.
 */
export function compileRegex(pattern: string): RegexTest | RegexRefusal {
  if (regexSize(pattern) > ruleLimits.regexCharsMax) {
    return { message: `found more than ${ruleLimits.regexCharsMax} characters with repetitions written out; write a shorter expression or smaller repeat counts` };
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    return { message: `${reasonOf(error)}; expected RE2 syntax, which has no look-around and no back-references` };
  }
  return (text) => (text.length > ruleLimits.regexInputCharsMax ? undefined : compiled.test(text));
}

/**
 * Characters of an expression with its repeat counts written out; a group repeated counts with all that is in it.
 * Near enough for a bound: it need not be right about expressions that do not compile.
 */
export function regexSize(pattern: string): number {
  const outer: number[] = [];
  let size = 0;
  let atom = 0;
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    const repeat = character === '{' ? REPEAT.exec(pattern.slice(i, i + 16)) : null;
    if (repeat) {
      size += atom * (Math.max(1, Number(repeat[1]), Number(repeat[2] ?? 0)) - 1);
      i += repeat[0].length - 1;
    } else if (character === '(') {
      outer.push(size);
      size = 0;
    } else if (character === ')') {
      atom = size + 2;
      size = (outer.pop() ?? 0) + atom;
    } else {
      const end = character === '[' ? endOfClass(pattern, i) : character === '\\' ? i + 1 : i;
      atom = end - i + 1;
      size += atom;
      i = end;
    }
  }
  return outer.reduce((sum, part) => sum + part, size);
}

function endOfClass(pattern: string, start: number): number {
  for (let i = start + 1; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern[i] === ']' && i > start + 1) return i;
  }
  return pattern.length - 1;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 120) : 'found a syntax error';
}
