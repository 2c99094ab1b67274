/** Bounds of the scanner of events; beyond them it hands the event to JSON.parse or does without a short cut. Each is reached by a test. */
export const scanLimits = {
  /** levels of nesting that are scanned: it recurses, and no stack may overflow */
  depthMax: 64,
  /** keys of one object that are remembered in the order in which they came */
  knownKeysMax: 256,
  /** bytes of a key that is remembered, with its quotes, its colon and the white space around */
  knownLeadBytesMax: 80,
  /** so many keys that were not where they are expected, and what is remembered is learned anew */
  unexpectedKeysMax: 4_096,
  /** how many remembered keys are tried for one that is not the next: events leave optional fields out */
  keysTriedMax: 4,
  /** UTF-16 units of a text that is made from its codes; the platform's decoder is faster for longer ones */
  shortTextChars: 64,
  /** UTF-8 bytes of a text that is interned: types, countries, currencies, channels, states of a process */
  internedBytesMax: 32,
  /** interned texts of one decoder, at first and at most: with some thousands, to look one up costs more than to make it */
  internedTextsMin: 64,
  internedTextsMax: 1_024,
  /** texts of one field after which it is decided whether interning is worth while for it: at least half of them were there */
  internTrialTexts: 4_096,
  /** texts of a field that are not interned after a trial that was not worth while */
  internRestTexts: 131_072,
} as const;
