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
  /** characters of a text that is interned: a UUID with a prefix */
  internedCharsMax: 48,
  /** interned texts of one decoder, at first and at most; a megabyte of them */
  internedTextsMin: 64,
  internedTextsMax: 16_384,
  /** texts of one field after which it is decided whether interning is worth while for it */
  internTrialTexts: 65_536,
  /** texts of a field that are not interned after a trial that was not worth while */
  internRestTexts: 524_288,
} as const;
