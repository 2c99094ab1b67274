/** Bounds of keyed state; each is reached by a test. */
export const stateLimits = {
  /** entries of one exact window of one key (events, or buckets where a resolution is given); the oldest is dropped and counted beyond it */
  windowEntriesMax: 1_000,
  /** values remembered by one `seen` of one key */
  seenValuesMax: 1_000,
  /** groups (`by`) of one entry of one key; the one longest untouched is dropped and counted beyond it */
  groupsMax: 1_000,
  /** stretches of time with events that one `seasonal` of one key keeps: more than a year of hours; beyond it history begins later */
  seasonalStretchesMax: 10_000,
  /** values that one `collect` lists where the rule does not say */
  collectMax: 100,
  /** bins of one percentile sketch: at 1 % they span 40 octaves; beyond it the smallest values share a bin */
  sketchBinsMax: 2_048,
  /** size of a number that counts, either sign: squares of as many as fit in a year still add up below 1.8e308 */
  numberMax: 1e150,
  /** size of an epoch ms that counts as a time: the codec's signed integers end at 2^52 */
  timeMax: 4e15,
} as const;
