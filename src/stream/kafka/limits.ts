/** Bounds of the Kafka log: unit in the name, reason beside it. */

/** one compressed batch unpacked; Kafka's default largest batch is 1 MB, and compression of text seldom passes 50 : 1 */
export const BATCH_UNPACKED_BYTES_MAX = 64 << 20;
/** one batch we write; well below the broker's default `message.max.bytes` of 1,048,588 */
export const BATCH_WRITE_BYTES_MAX = 512 << 10;
/** all batches of one produce request; far below the broker's `socket.request.max.bytes` of 100 MB */
export const PRODUCE_BYTES_MAX = 8 << 20;
/** one fetch answer over all its partitions */
export const FETCH_BYTES_MAX = 32 << 20;
/** connections per broker for fetching: long polls on all but the last, so that a new wish never waits for one */
export const FETCH_LANES = 3;
/** long poll, ms */
export const FETCH_WAIT_MS = 100;
/** long poll on the last free connection, ms: the longest that a new wish waits */
export const FETCH_WAIT_LAST_LANE_MS = 20;
/** decoding one answer yields to the event loop after this, ms */
export const DECODE_SLICE_MS = 15;
/** a read is tried again inside this time when leaders move, ms; then the caller gets the error */
export const READ_RETRY_MS = 5_000;
export const CONNECT_TIMEOUT_MS = 3_000;
export const REQUEST_TIMEOUT_MS = 10_000;
/** the broker aborts a transaction older than this, ms */
export const TRANSACTION_TIMEOUT_MS = 15_000;
/** a commit is not asked for when the transaction is older than this, ms: it could cross the broker's own abort */
export const TRANSACTION_COMMIT_WITHIN_MS = 12_000;
/** waiting for the previous transaction's markers: first and longest pause between tries, ms */
export const CONCURRENT_RETRY_FIRST_MS = 2;
export const CONCURRENT_RETRY_MAX_MS = 20;
/** taking a transactional id over, ms */
export const FENCE_WITHIN_MS = 20_000;
/** Kafka's default `group.min.session.timeout.ms` is 6 s */
export const SESSION_TIMEOUT_MS = 6_000;
export const HEARTBEAT_INTERVAL_MS = 1_000;
export const REBALANCE_TIMEOUT_MS = 10_000;
/** a fence needs the membership to have been confirmed within this, ms: half the session, so nobody else can own the task */
export const MEMBERSHIP_FRESH_MS = SESSION_TIMEOUT_MS / 2;
/** the same trouble is logged once in this time, ms */
export const TROUBLE_LOG_INTERVAL_MS = 5_000;
/** plain appends waiting for their turn, bytes of key and value; more are refused */
export const WRITER_QUEUE_BYTES_MAX = 64 << 20;
/** a plain append is sent again with the same sequence numbers for this long, ms */
export const WRITER_RETRY_MS = 20_000;
