/** Bounds of a task's engine; each is reached by a test. */
export const engineLimits = {
  /** bytes of one event's JSON: what a broker takes by default */
  eventBytesMax: 1_048_576,
  /** levels of lists and objects in one event: what writes such a value again recurses over them */
  eventDepthMax: 100,
  /** |event time| in ms: the range of an ECMAScript Date */
  timeMsMax: 8.64e15,
  /** different values of `policy.per` remembered for one rule and key */
  firedPerMax: 1_000,
  /** events of one key that wait for the watermark; more are processed early, oldest first, and counted */
  waitingPerKeyMax: 10_000,
  /** so many rules must ask for a value of the same field for an index on it: fewer are as quickly tried one by one */
  indexedRulesMin: 4,
  /** keys of a group that are objects in a task; with more, those to which nothing has happened for a while are kept as bytes */
  awakeKeysMax: 10_000,
  /** a key that has changed in the latest so many journal entries is busy, and stays awake up to twice as many keys */
  busyEntries: 10,
  /** nodes of the index of one event type; combinations of values that come in events make them */
  indexNodesMax: 50_000,
  /** savepoints that are remembered as asked for: those before them are complete, or never will be */
  savepointsKnownMax: 100,
  /** bytes of one frame of re-keyed events: well below the million that brokers take in one record */
  frameBytes: 262_144,
  /** characters of one fact in an alert; longer text is cut, other values are left out */
  factCharsMax: 4_096,
  /** repetitions of one absence that fall due together for one key: more are no news to anybody, and the rule is halted */
  repeatsAtOnceMax: 10_000,
  /** buckets of one source's remembered event ids: each is one checkpoint record */
  dedupeBuckets: 64,
  /** event ids remembered in one bucket */
  dedupeIdsPerBucketMax: 50_000,
} as const;
