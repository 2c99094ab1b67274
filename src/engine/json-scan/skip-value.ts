import { Ascii, PLAIN, skipSpace } from './ascii.js';
import { scanLimits } from './limits.js';
import { startsAt } from './scan-plan.js';

/** What the skipping functions return where the bytes are no JSON, or JSON that is nested too deep for them. */
export const BAD = -1;

/** Passes over the value that begins at `at`, as strictly as JSON.parse. @returns where it ends, or `BAD` */
export function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const byte = bytes[at] as number;
  if (byte === Ascii.Quote) return skipString(bytes, at + 1);
  if (byte === Ascii.Minus || isDigit(byte)) return skipNumber(bytes, at);
  if (byte === Ascii.OpenBrace) return skipObject(bytes, at + 1, depth + 1);
  if (byte === Ascii.OpenBracket) return skipArray(bytes, at + 1, depth + 1);
  return skipLiteral(bytes, at);
}

/** @param at behind the opening quote @returns behind the closing one */
export function skipString(bytes: Uint8Array, at: number): number {
  for (;;) {
    at = skipPlain(bytes, at);
    const byte = bytes[at];
    if (byte === Ascii.Quote) return at + 1;
    at = byte === Ascii.Backslash ? skipEscape(bytes, at + 1) : skipRune(bytes, at);
    if (at === BAD) return BAD;
  }
}

/** Passes over bytes that stand for themselves in a string. */
export function skipPlain(bytes: Uint8Array, at: number): number {
  const end = bytes.length;
  while (at < end && PLAIN[bytes[at] as number] === 1) at++;
  return at;
}

/** @param at behind the backslash */
function skipEscape(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case Ascii.Quote:
    case Ascii.Backslash:
    case Ascii.Slash:
    case Ascii.LowerB:
    case Ascii.LowerF:
    case Ascii.LowerN:
    case Ascii.LowerR:
    case Ascii.LowerT:
      return at + 1;
    case Ascii.LowerU:
      // half a surrogate pair is JSON too
      return isHex(bytes[at + 1]) && isHex(bytes[at + 2]) && isHex(bytes[at + 3]) && isHex(bytes[at + 4]) ? at + 5 : BAD;
    default:
      return BAD;
  }
}

/** One character beyond ASCII: shortest form, no surrogates, at most U+10FFFF (Unicode 16, table 3-7). */
function skipRune(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === undefined || first < 0xc2 || first > 0xf4) return BAD;
  if (first < 0xe0) return follows(bytes[at + 1], 0x80, 0xbf) ? at + 2 : BAD;
  const second = bytes[at + 1];
  if (first < 0xf0) {
    const fits = follows(second, first === 0xe0 ? 0xa0 : 0x80, first === 0xed ? 0x9f : 0xbf);
    return fits && follows(bytes[at + 2], 0x80, 0xbf) ? at + 3 : BAD;
  }
  const fits = follows(second, first === 0xf0 ? 0x90 : 0x80, first === 0xf4 ? 0x8f : 0xbf);
  return fits && follows(bytes[at + 2], 0x80, 0xbf) && follows(bytes[at + 3], 0x80, 0xbf) ? at + 4 : BAD;
}

const follows = (byte: number | undefined, from: number, to: number): boolean => byte !== undefined && byte >= from && byte <= to;

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= Ascii.Zero && byte <= Ascii.Nine;
}

/** Letters differ from capitals in one bit. */
const isHex = (byte: number | undefined): boolean => isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

export function skipNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === Ascii.Minus) at++;
  if (bytes[at] === Ascii.Zero) at++;
  else if ((at = skipDigits(bytes, at)) === BAD) return BAD;
  if (bytes[at] === Ascii.Dot && (at = skipDigits(bytes, at + 1)) === BAD) return BAD;
  const exponent = bytes[at];
  if (exponent !== Ascii.LowerE && exponent !== Ascii.UpperE) return at;
  const sign = bytes[at + 1];
  return skipDigits(bytes, sign === Ascii.Plus || sign === Ascii.Minus ? at + 2 : at + 1);
}

/** One digit or more. */
function skipDigits(bytes: Uint8Array, at: number): number {
  if (!isDigit(bytes[at])) return BAD;
  do at++;
  while (isDigit(bytes[at]));
  return at;
}

/** @param at behind the brace */
function skipObject(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > scanLimits.depthMax) return BAD;
  at = skipSpace(bytes, at);
  if (bytes[at] === Ascii.CloseBrace) return at + 1;
  for (;;) {
    if (bytes[at] !== Ascii.Quote) return BAD;
    at = skipString(bytes, at + 1);
    if (at === BAD) return BAD;
    at = skipSpace(bytes, at);
    if (bytes[at] !== Ascii.Colon) return BAD;
    at = skipValue(bytes, skipSpace(bytes, at + 1), depth);
    if (at === BAD) return BAD;
    at = skipSpace(bytes, at);
    const next = bytes[at];
    if (next === Ascii.CloseBrace) return at + 1;
    if (next !== Ascii.Comma) return BAD;
    at = skipSpace(bytes, at + 1);
  }
}

/** @param at behind the bracket */
function skipArray(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > scanLimits.depthMax) return BAD;
  at = skipSpace(bytes, at);
  if (bytes[at] === Ascii.CloseBracket) return at + 1;
  for (;;) {
    at = skipValue(bytes, at, depth);
    if (at === BAD) return BAD;
    at = skipSpace(bytes, at);
    const next = bytes[at];
    if (next === Ascii.CloseBracket) return at + 1;
    if (next !== Ascii.Comma) return BAD;
    at = skipSpace(bytes, at + 1);
  }
}

/** `true`, `false` or `null`. */
function skipLiteral(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case Ascii.LowerT:
      return word(bytes, at, TRUE);
    case Ascii.LowerF:
      return word(bytes, at, FALSE);
    case Ascii.LowerN:
      return word(bytes, at, NULL);
    default:
      return BAD;
  }
}

const word = (bytes: Uint8Array, at: number, letters: Uint8Array): number => (startsAt(bytes, at, letters) ? at + letters.length : BAD);
const wordOf = (word: string): Uint8Array => Uint8Array.from(word, (letter) => letter.charCodeAt(0));
const TRUE = wordOf('true');
const FALSE = wordOf('false');
const NULL = wordOf('null');
