/**
 * 128-bit hash of a text for identifiers that must come out the same everywhere (alert ids, digests).
 * Not for secrets. Source: MurmurHash3 x86_128 by Austin Appleby (public domain), over UTF-16 code units.
 * @returns 32 hexadecimal digits
 */
export function hash128(text: string): string {
  mix(text);
  return hex(mixed[0] as number) + hex(mixed[1] as number) + hex(mixed[2] as number) + hex(mixed[3] as number);
}

/** The first 32 bits of `hash128`, as an unsigned integer. */
export function hash32(text: string): number {
  mix(text);
  return (mixed[0] as number) >>> 0;
}

/** Result of the last `mix`: four lanes. */
const mixed = new Int32Array(4);

/** The lanes are variables of their own, not an array: alert ids are made on the path of events. */
function mix(text: string): void {
  const { length } = text;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  // whole blocks first: only the last one reaches past the end
  for (; i + 8 <= length; i += 8) {
    a = lane(a, word(text, i), 0x239b961b, 0xab0e9789, 15, 19, b, 0x561ccd1b);
    b = lane(b, word(text, i + 2), 0xab0e9789, 0x38b34ae5, 16, 17, c, 0x0bcaa747);
    c = lane(c, word(text, i + 4), 0x38b34ae5, 0xa1e38b93, 17, 15, d, 0x96cd1c35);
    d = lane(d, word(text, i + 6), 0xa1e38b93, 0x239b961b, 18, 13, a, 0x32ac3b17);
  }
  if (i < length) {
    a = lane(a, lastWord(text, i), 0x239b961b, 0xab0e9789, 15, 19, b, 0x561ccd1b);
    b = lane(b, lastWord(text, i + 2), 0xab0e9789, 0x38b34ae5, 16, 17, c, 0x0bcaa747);
    c = lane(c, lastWord(text, i + 4), 0x38b34ae5, 0xa1e38b93, 17, 15, d, 0x96cd1c35);
    d = lane(d, lastWord(text, i + 6), 0xa1e38b93, 0x239b961b, 18, 13, a, 0x32ac3b17);
  }
  a = ((a ^ length) + (b ^ length) + (c ^ length) + (d ^ length)) | 0;
  b = finish(((b ^ length) + a) | 0);
  c = finish(((c ^ length) + a) | 0);
  d = finish(((d ^ length) + a) | 0);
  a = finish(a);
  a = (a + b + c + d) | 0;
  mixed[0] = a;
  mixed[1] = (b + a) | 0;
  mixed[2] = (c + a) | 0;
  mixed[3] = (d + a) | 0;
}

/** Two code units. */
function word(text: string, at: number): number {
  return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
}

/** Two code units; past the end of the text zeros. */
function lastWord(text: string, at: number): number {
  const { length } = text;
  return (at < length ? text.charCodeAt(at) : 0) | (at + 1 < length ? text.charCodeAt(at + 1) << 16 : 0);
}

function lane(h: number, k: number, before: number, after: number, rotateK: number, rotateH: number, next: number, add: number): number {
  const x = (rotate(h ^ Math.imul(rotate(Math.imul(k, before), rotateK), after), rotateH) + next) | 0;
  return (Math.imul(x, 5) + add) | 0;
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function finish(h: number): number {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(lane: number): string {
  return (BYTES[lane >>> 24] as string) + BYTES[(lane >>> 16) & 255] + BYTES[(lane >>> 8) & 255] + BYTES[lane & 255];
}
