/** Bytes of one element: [start, end). */
export interface ElementRange {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/**
 * Finds the elements of a JSON array in its bytes, without parsing them: events are kept in the bytes they came in. All
 * structural characters of JSON are ASCII, so invalid UTF-8 inside an element does not disturb its neighbours.
 * @param enough elements after which it stops looking: what it returns then has one more
 * @returns null where the brackets do not make one array; an element itself may still be anything
 */
export function arrayElements(body: Buffer, enough = Infinity): ElementRange[] | null {
  let at = skipSpace(body, 0);
  if (body[at] !== 0x5b) return null;
  const elements: ElementRange[] = [];
  at = skipSpace(body, at + 1);
  if (body[at] === 0x5d) return skipSpace(body, at + 1) === body.length ? elements : null;
  for (;;) {
    const end = elementEnd(body, at);
    if (end === at || end >= body.length) return null;
    elements.push({ start: at, end: trimEnd(body, at, end) });
    if (body[end] === 0x5d) return skipSpace(body, end + 1) === body.length ? elements : null;
    if (body[end] !== COMMA) return null;
    if (elements.length > enough) return elements;
    at = skipSpace(body, end + 1);
  }
}

/** Index of the comma or bracket that ends the element that starts at `from`; the length where there is none. */
function elementEnd(body: Buffer, from: number): number {
  let depth = 0;
  for (let i = from; i < body.length; i++) {
    const byte = body[i]!;
    if (byte === QUOTE) i = stringEnd(body, i);
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return i;
      depth--;
    } else if (byte === COMMA && depth === 0) return i;
  }
  return body.length;
}

/** Index of the quote that closes the string that opens at `from`. */
function stringEnd(body: Buffer, from: number): number {
  let end = body.indexOf(QUOTE, from + 1);
  while (end >= 0 && isEscaped(body, end, from)) end = body.indexOf(QUOTE, end + 1);
  return end < 0 ? body.length : end;
}

function isEscaped(body: Buffer, at: number, from: number): boolean {
  let slashes = 0;
  for (let i = at - 1; i > from && body[i] === BACKSLASH; i--) slashes++;
  return slashes % 2 === 1;
}

function skipSpace(body: Buffer, from: number): number {
  let i = from;
  while (i < body.length && isSpace(body[i]!)) i++;
  return i;
}

function trimEnd(body: Buffer, start: number, from: number): number {
  let end = from;
  while (end > start && isSpace(body[end - 1]!)) end--;
  return end;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
