/** Bounds of the embedded log. SQLite is synchronous, so most of them bound how long one step holds the event loop. */
export const embeddedLogLimits = {
  /** encoded bytes after which a chunk is full: a read from the middle of what was written together decodes one chunk too much at most */
  chunkBytes: 16 * 1024,
  /** records of one chunk, for the same reason when they are tiny */
  chunkRecordsMax: 512,
  /** bytes of one record's key, value and headers; far below SQLite's own bound of 10^9 */
  recordBytesMax: 64 * 1024 * 1024,
  /** header count and header name bytes fit in 16 bits */
  headersMax: 65_535,
  /** records of one group commit beyond which the rest waits for the next: about 5 ms */
  groupRecordsMax: 2_500,
  /** bytes of one group commit, for the same reason */
  groupBytesMax: 2 * 1024 * 1024,
  /** bytes accepted and not yet written; an append beyond it is refused, as memory is not the place to keep what a slow disk does not take */
  queuedBytesMax: 128 * 1024 * 1024,
  /** a commit that took longer than this (a slow disk's fsync) is followed by a pause of the same length: the log takes half of the event loop at most */
  commitPauseMs: 2,
  /** the longest such pause */
  commitPauseMsMax: 50,
  /** records of one answer to a read: about 3 ms */
  readRecordsMax: 5_000,
  /** bytes of one answer, whatever the caller asks for */
  readBytesMax: 4 * 1024 * 1024,
  /** reads answered without letting the event loop turn, ms */
  readTurnMs: 10,
  /** chunks one step of housekeeping removes: about 1 ms */
  pruneChunksMax: 2_000,
  /** entries of compacted topics one step looks at */
  pruneRowsMax: 256,
  /** stored bytes one step of housekeeping removes */
  pruneBytesMax: 2 * 1024 * 1024,
  /** ms after which a step of housekeeping ends */
  pruneStepMs: 4,
  /** ms between two steps of housekeeping that have work */
  pruneRestMs: 4,
  /** partitions of all topics together: 64-bit row ids have 19 bits for them */
  partitionsMax: 100_000,
} as const;
