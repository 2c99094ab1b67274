const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What a JSON text may be made of. */
export interface JsonShapeLimits {
  /** nesting of arrays and objects */
  readonly depthMax: number;
  /** brackets and commas: an upper bound of the values that parsing would make */
  readonly valuesMax: number;
}

/**
 * Looks at the brackets, commas and strings of a JSON text before it is parsed: thirty megabytes of `[[],[],…` are half a gigabyte once
 * they are objects. Linear, without memory of its own; a text that is not JSON gets some answer.
 * @param bytes UTF-8: all structural characters of JSON are ASCII
 */
export function jsonExcess(bytes: Uint8Array, { depthMax, valuesMax }: JsonShapeLimits): 'depth' | 'values' | null {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = stringEnd(bytes, at);
    else if (byte === 0x2c) values++;
    else if (byte === 0x5b || byte === 0x7b) {
      values++;
      if (++depth > depthMax) return 'depth';
    } else if (byte === 0x5d || byte === 0x7d) depth--;
    if (values > valuesMax) return 'values';
  }
  return null;
}

/** Index of the quote that closes the string that opens at `from`; the length where there is none. */
function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
