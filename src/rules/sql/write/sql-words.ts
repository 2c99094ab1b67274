import { RESERVED_WORDS } from './reserved-words.js';
import { unsayable } from './unsayable.js';

/** A name, quoted as Flink does where it has to be. */
export function quoted(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED_WORDS.has(name.toUpperCase())) return name;
  if (/[\r\n]/.test(name)) return unsayable('a name of several lines');
  return `\`${name.replaceAll('`', '``')}\``;
}

export function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  return unsayable('a literal that SQL has not');
}

const UNITS = [['DAY', 86_400_000], ['HOUR', 3_600_000], ['MINUTE', 60_000], ['SECOND', 1_000]] as const;
/** Digits that a unit has where the text says nothing else. */
const DIGITS = 2;

/** A length of time: a whole number of the largest unit that has room for it, or all of its units. */
export function interval(ms: number): string {
  const whole = UNITS.find(([, size]) => ms % size === 0 && ms > 0 && String(ms / size).length <= DIGITS);
  if (whole !== undefined) return `INTERVAL '${ms / whole[1]}' ${whole[0]}`;
  if (ms < 100_000) return `INTERVAL '${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, '0')}' SECOND`;
  const days = Math.floor(ms / 86_400_000);
  const [hours, minutes, seconds] = [ms / 3_600_000 % 24, ms / 60_000 % 60, ms / 1_000 % 60].map((n) => twoDigits(Math.floor(n)));
  const day = String(days).length > DIGITS ? `DAY(${String(days).length})` : 'DAY';
  if (ms % 86_400_000 === 0) return `INTERVAL '${days}' ${day}`;
  const fraction = ms % 1_000 === 0 ? '' : `.${String(ms % 1_000).padStart(3, '0')}`;
  return days > 0 ? `INTERVAL '${days} ${hours}:${minutes}:${seconds}${fraction}' ${day} TO SECOND` : `INTERVAL '${hours}:${minutes}:${seconds}${fraction}' HOUR TO SECOND`;
}

const twoDigits = (n: number): string => String(n).padStart(2, '0');

/** A text of `LIKE` that stands for itself. */
export function likeLiteral(text: string, before: string, after: string): string {
  const special = /[%_!]/.test(text);
  const body = special ? text.replace(/[%_!]/g, '!$&') : text;
  return `${literal(before + body + after)}${special ? " ESCAPE '!'" : ''}`;
}

/** A part of a text that stands for itself beside any operator. */
export function bracketed(text: string): string {
  return /^[\w`.]+$/.test(text) || isBracketed(text) ? text : `(${text})`;
}

/** Whether the bracket that a text begins with is closed at its end. */
function isBracketed(text: string): boolean {
  const parts = text.split(/('(?:[^']|'')*'|`[^`]*`)/).map((part, i) => (i % 2 === 0 ? part : part.replace(/[()]/g, ' '))).join('');
  let depth = 0;
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === '(') depth++;
    else if (parts[i] === ')') depth--;
    if (depth === 0) return i > 0 && i === parts.length - 1;
  }
  return false;
}
