/** The bytes that JSON is made of. */
export const Ascii = {
  Tab: 0x09,
  LineFeed: 0x0a,
  CarriageReturn: 0x0d,
  Space: 0x20,
  Quote: 0x22,
  Plus: 0x2b,
  Comma: 0x2c,
  Minus: 0x2d,
  Dot: 0x2e,
  Slash: 0x2f,
  Zero: 0x30,
  Nine: 0x39,
  Colon: 0x3a,
  UpperE: 0x45,
  OpenBracket: 0x5b,
  Backslash: 0x5c,
  CloseBracket: 0x5d,
  LowerB: 0x62,
  LowerE: 0x65,
  LowerF: 0x66,
  LowerN: 0x6e,
  LowerR: 0x72,
  LowerT: 0x74,
  LowerU: 0x75,
  OpenBrace: 0x7b,
  CloseBrace: 0x7d,
} as const;

/** 1 for every byte that stands for itself in a string: ASCII from space on, neither quote nor backslash. */
export const PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x20 && byte < 0x80 && byte !== Ascii.Quote && byte !== Ascii.Backslash ? 1 : 0));

/** Where the white space that begins at `at` ends. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  for (;; at++) {
    const byte = bytes[at] as number;
    // one comparison for nearly all
    if (byte > Ascii.Space) return at;
    if (byte !== Ascii.Space && byte !== Ascii.LineFeed && byte !== Ascii.CarriageReturn && byte !== Ascii.Tab) return at;
  }
}
