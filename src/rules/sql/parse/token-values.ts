import type { IToken } from 'chevrotain';
import type { Place, SqlName } from './sql-tree.js';

export function placeOf(token: IToken): Place {
  return { line: token.startLine ?? 1, column: token.startColumn ?? 1 };
}

/** A name without its quotes. */
export function nameOf(token: IToken): SqlName {
  const { image } = token;
  const quote = image[0];
  const quoted = image.length > 1 && (quote === '`' || quote === '"');
  return { text: quoted ? image.slice(1, -1).replaceAll(`${quote}${quote}`, quote as string) : image, at: placeOf(token) };
}

/** A text without its quotes. */
export function textOf(token: IToken): string {
  return token.image.slice(1, -1).replaceAll("''", "'");
}

const UNIT_MS: Readonly<Record<string, number>> = { SECOND: 1_000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000, WEEK: 604_800_000 };
const FIELDS = ['DAY', 'HOUR', 'MINUTE', 'SECOND'] as const;

/**
 * `INTERVAL '5' MINUTE`, `INTERVAL '1.5' SECOND`, `INTERVAL '1 02:03:04.5' DAY TO SECOND`.
 * @returns ms, or null where text and units do not go together
 */
export function intervalMs(text: string, unit: string, to: string | null): number | null {
  const from = unit.toUpperCase().replace(/S$/, '');
  if (to === null) {
    const perUnit = UNIT_MS[from];
    if (perUnit === undefined || !/^\s*\d{1,12}(\.\d{1,9})?\s*$/.test(text)) return null;
    const ms = Math.round(Number(text) * perUnit * 1e6) / 1e6;
    return Number.isInteger(ms) ? ms : null;
  }
  const wanted = fieldsBetween(from, to.toUpperCase().replace(/S$/, ''));
  const parts = text.trim().split(/[ :]+/);
  if (wanted === null || parts.length !== wanted.length) return null;
  return wanted.reduce<number | null>((sum, field, i) => {
    const ms = intervalMs(parts[i] as string, field, null);
    return sum === null || ms === null ? null : sum + ms;
  }, 0);
}

function fieldsBetween(from: string, to: string): readonly string[] | null {
  const names: readonly string[] = FIELDS;
  const first = names.indexOf(from);
  const last = names.indexOf(to);
  return first < 0 || last <= first ? null : names.slice(first, last + 1);
}
