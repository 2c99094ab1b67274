/** Bounds of keyed state; each is reached by a test. */
export const stateLimits = {
  /** entries of one exact window of one key; the oldest is dropped and counted beyond it */
  windowEntriesMax: 1_000,
  /** values remembered by one `seen` of one key */
  seenValuesMax: 1_000,
  /** partial matches of one rule and key */
  partialMatchesMax: 100,
  /** evidence events named in one alert */
  evidenceMax: 20,
  /** UTF-8 bytes of a key */
  keyBytesMax: 1_024,
} as const;
