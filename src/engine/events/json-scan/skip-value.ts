import { PLAIN, skipSpace } from './ascii.js';
import { scanLimits } from './limits.js';
import { startsAt } from './scan-plan.js';

// constants of this file, not imported ones: only those are folded into the compiled code, an eighth of the time of a scan
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const UPPER_E = 0x45;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_B = 0x62;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_R = 0x72;
const LOWER_T = 0x74;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** in which letters differ from capitals */
const CASE_BIT = 0x20;
/** instead of a place: the bytes are no JSON, or are nested too deep */
const BAD = -1;

/** Passes over the value that begins at `at`, as strictly as JSON.parse. @returns where it ends, or -1 where the bytes are no JSON or nested too deep: so do the others */
export function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const byte = bytes[at] as number;
  if (byte === QUOTE) return skipString(bytes, at + 1);
  if (byte === MINUS || isDigit(byte)) return skipNumber(bytes, at);
  if (byte === OPEN_BRACE) return skipObject(bytes, at + 1, depth + 1);
  if (byte === OPEN_BRACKET) return skipArray(bytes, at + 1, depth + 1);
  return skipLiteral(bytes, at);
}

/** @param at behind the opening quote @returns behind the closing one */
export function skipString(bytes: Uint8Array, at: number): number {
  for (;;) {
    at = skipPlain(bytes, at);
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    at = byte === BACKSLASH ? skipEscape(bytes, at + 1) : skipRune(bytes, at);
    if (at === BAD) return BAD;
  }
}

/** Passes over bytes that stand for themselves in a string. */
export function skipPlain(bytes: Uint8Array, at: number): number {
  const plain = PLAIN;
  const end = bytes.length;
  while (at < end && plain[bytes[at] as number] === 1) at++;
  return at;
}

/** @param at behind the backslash */
function skipEscape(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
    case BACKSLASH:
    case SLASH:
    case LOWER_B:
    case LOWER_F:
    case LOWER_N:
    case LOWER_R:
    case LOWER_T:
      return at + 1;
    case LOWER_U:
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
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

const isHex = (byte: number | undefined): boolean => isDigit(byte) || (byte !== undefined && (byte | CASE_BIT) >= 0x61 && (byte | CASE_BIT) <= LOWER_F);

export function skipNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === MINUS) at++;
  if (bytes[at] === ZERO) at++;
  else if ((at = skipDigits(bytes, at)) === BAD) return BAD;
  if (bytes[at] === DOT && (at = skipDigits(bytes, at + 1)) === BAD) return BAD;
  const exponent = bytes[at];
  if (exponent !== LOWER_E && exponent !== UPPER_E) return at;
  const sign = bytes[at + 1];
  return skipDigits(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
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
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) return BAD;
    at = skipString(bytes, at + 1);
    if (at === BAD) return BAD;
    at = skipSpace(bytes, at);
    if (bytes[at] !== COLON) return BAD;
    at = skipValue(bytes, skipSpace(bytes, at + 1), depth);
    if (at === BAD) return BAD;
    at = skipSpace(bytes, at);
    const next = bytes[at];
    if (next === CLOSE_BRACE) return at + 1;
    if (next !== COMMA) return BAD;
    at = skipSpace(bytes, at + 1);
  }
}

/** @param at behind the bracket */
function skipArray(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > scanLimits.depthMax) return BAD;
  at = skipSpace(bytes, at);
  if (bytes[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    at = skipValue(bytes, at, depth);
    if (at === BAD) return BAD;
    at = skipSpace(bytes, at);
    const next = bytes[at];
    if (next === CLOSE_BRACKET) return at + 1;
    if (next !== COMMA) return BAD;
    at = skipSpace(bytes, at + 1);
  }
}

/** `true`, `false` or `null`. */
function skipLiteral(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case LOWER_T:
      return word(bytes, at, TRUE);
    case LOWER_F:
      return word(bytes, at, FALSE);
    case LOWER_N:
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
