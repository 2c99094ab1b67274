const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 1 for every byte that stands for itself in a string: ASCII from space on, neither quote nor backslash. */
export const PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0));

/** Where the white space that begins at `at` ends. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  for (; ; at++) {
    const byte = bytes[at] as number;
    // one comparison for nearly all
    if (byte > SPACE) return at;
    if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return at;
  }
}
