import { interval } from './sql-words.js';
import { unsayable } from './unsayable.js';

/** An operand as SQL; `ms` where it is a number or a length of time that stands in the rule. */
export interface Operand {
  readonly text: string;
  readonly ms: number | null;
}

/** The time of an event as SQL writes it. */
const TIME = /^(?:(?:FIRST|LAST|MIN|MAX)\()?(?:\w+\.|`[^`]+`\.)?ts(?:, 1)?\)?$/;
const DIFFERENCE = /^TIMESTAMPDIFF\(MILLISECOND, ([^()]+|\w+\([^()]+\)), ([^()]+|\w+\([^()]+\))\)$/;
const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>=']);

/**
 * Times are numbers of ms in a rule and values of their own kind in Flink, where only some operators take them.
 * @param op as SQL has it
 * @returns null where no side is a time
 */
export function overTimes(op: string, left: Operand, right: Operand): string | null {
  const between = DIFFERENCE.exec(left.text);
  // exact, where Flink's difference of two times has no fractions of seconds
  if (between !== null && COMPARISONS.has(op) && right.ms !== null && right.ms > 0) return `(${between[2]} ${op} (${between[1]} + ${interval(right.ms)}))`;
  const times = [left, right].filter(({ text }) => TIME.test(text)).length;
  if (times === 0) return null;
  if (times === 2 && op === '-') return `TIMESTAMPDIFF(MILLISECOND, ${right.text}, ${left.text})`;
  if (times === 2 && COMPARISONS.has(op)) return `(${left.text} ${op} ${right.text})`;
  if (COMPARISONS.has(op) && [left, right].every(isShifted)) return `(${left.text} ${op} ${right.text})`;
  if ((op === '+' || op === '-') && right.ms !== null && right.ms > 0) return `(${left.text} ${op} ${interval(right.ms)})`;
  return unsayable('arithmetic with times');
}

/** A time, or one that a length of time was added to or taken from. */
function isShifted({ text }: Operand): boolean {
  return TIME.test(text) || TIME.test(/^\((.+) [+-] INTERVAL '[^']+' [A-Z0-9() ]+\)$/.exec(text)?.[1] ?? '');
}
