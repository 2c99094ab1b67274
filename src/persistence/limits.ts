/** Bounds of the catalogue and of what reads and writes it, with reasons. */
export const limits = {
  /** connections of a process to an external PostgreSQL: requests are short, and a server's default is 100 for all of its clients */
  poolConnections: 8,
  /** ms until an attempt to connect (or to get a free connection) is given up: a person waits for the answer */
  connectTimeoutMs: 3_000,
  /** ms a statement may take: the longest are bounded deletes and index pages, which take milliseconds */
  statementTimeoutMs: 15_000,
  /** ms the embedded database may take to be created or to recover from a crash before its start counts as failed */
  embeddedStartTimeoutMs: 60_000,
  /** ms between looks of the embedded database at its write-ahead log; it has no background process that would */
  embeddedMaintenanceMs: 5_000,
  /** bytes of write-ahead log after which the embedded database makes a checkpoint: bounds disk use and recovery time */
  embeddedCheckpointBytes: 16 * 1024 * 1024,
  /** items on a page at most */
  pageItemsMax: 500,
  /** entries of a managed list at most: every task holds all lists in memory */
  listEntriesMax: 100_000,
  /** entries in one control record at most, and their text in characters: far below Kafka's default of 1 MB per message */
  listEntriesPerRecord: 2_000,
  listCharactersPerRecord: 200_000,
  /** outbox rows in one append: one batch of one partition stays far below the log's message limit in most cases */
  outboxRowsPerAppend: 50,
  /** ms between looks at the outbox when nobody in this process said that there is something */
  outboxPollMs: 1_000,
  /** ms a lease lasts without renewal: how long a crashed process holds up the relay or the indexer of another */
  leaseMs: 6_000,
  /** ms between attempts while the database or the log cannot be reached */
  retryMs: 500,
  /** alerts in one transaction of the index, and rows in one bounded delete */
  alertsPerTransaction: 500,
  rowsPerDelete: 1_000,
  /** bytes asked of the alert topic in one read */
  alertReadBytes: 2 * 1024 * 1024,
  /** ms between looks at the alert topics, with tasks of this process that say when there is something, and without; every look asks the log for their ends */
  alertGatherMs: 50,
  alertPollMs: 200,
  /** alerts kept in the index, and for how long; the alert topic is the record, the index is for looking things up */
  alertRowsMax: 200_000,
  alertAgeMaxMs: 30 * 24 * 3_600_000,
  /** audit rows are kept this long */
  auditAgeMaxMs: 400 * 24 * 3_600_000,
  /** published outbox rows are kept this long, for people who look into them */
  outboxAgeMaxMs: 90 * 24 * 3_600_000,
  /** ms between looks for what is too old, and removed rows after which the embedded database gives their room back */
  housekeepingMs: 30_000,
  rowsBeforeVacuum: 5_000,
  /** API keys whose owner is remembered between requests, and for how long without asking the database again */
  keyCacheEntries: 1_000,
  keyCacheMs: 15_000,
  /** while the database is down, a key that was good is still taken for so long: ingestion goes on */
  keyCacheStaleMs: 3_600_000,
  /** ms the database may take to confirm a key that was good before: after that it is taken as good, as if the database were down */
  keyPatienceMs: 1_000,
  /** ms between notes of when a key was last used */
  keyLastUsedMs: 60_000,
  /** ms an idempotency key is remembered after its first request */
  idempotencyMs: 24 * 3_600_000,
  /** ms without a sign of life after which a request with an idempotency key counts as gone: a client that tries again after a crash waits so long */
  idempotencyLockMs: 15_000,
  /** alerts handed to subscribers of the feed in one look, and ms between looks when the indexer is another process */
  feedPage: 500,
  /** of them handed over without a turn of the event loop between: together far less than what a stream's client may leave unread */
  feedSlice: 25,
  feedPollMs: 500,
} as const;
