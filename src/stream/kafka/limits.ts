/** Bounds of the Kafka log: unit in the name, reason beside it. */

/** one compressed batch unpacked; Kafka's default largest batch is 1 MB, and compression of text seldom passes 50 : 1 */
export const BATCH_UNPACKED_BYTES_MAX = 64 << 20;
/** one batch we write; well below the broker's default `message.max.bytes` of 1,048,588 */
export const BATCH_WRITE_BYTES_MAX = 512 << 10;
/** records of one batch: encoding one takes a millisecond or two, then others have their turn */
export const RECORDS_PER_SEND_MAX = 1_000;
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
/** a fetch that is not answered this long after its wait has ended takes its connection with it, ms */
export const FETCH_ANSWER_WITHIN_MS = 5_000;
/** decoding one answer yields to the event loop after this, ms */
export const DECODE_SLICE_MS = 15;
/** a read is tried again inside this time when leaders move, ms; then the caller gets the error */
export const READ_RETRY_MS = 5_000;
/** pause between such tries: first and longest, ms */
export const RETRY_PAUSE_FIRST_MS = 5;
export const RETRY_PAUSE_MAX_MS = 200;
/** connections per broker for all other requests, opened as they are needed: a broker answers one socket's requests one by one */
export const REQUEST_CONNECTIONS_MAX = 16;
/** what is known of a topic is asked for again after this, ms; before that only when an answer says it is wrong */
export const METADATA_AGE_MS = 60_000;
/** replicas of a topic we make, if the cluster has as many brokers */
export const REPLICAS_WANTED = 3;
/** making or asking for topics, with all tries, ms */
export const ADMIN_WITHIN_MS = 15_000;
/** between two looks for a first broker, ms */
export const START_RETRY_PAUSE_MS = 500;
export const CONNECT_TIMEOUT_MS = 3_000;
export const REQUEST_TIMEOUT_MS = 10_000;
/** the broker aborts a transaction older than this, ms */
export const TRANSACTION_TIMEOUT_MS = 15_000;
/** a commit is not asked for when the transaction is older than this, ms: it could cross the broker's own abort */
export const TRANSACTION_COMMIT_WITHIN_MS = 12_000;
/** waiting for the previous transaction's markers: first and longest pause between tries, ms */
export const CONCURRENT_RETRY_FIRST_MS = 2;
export const CONCURRENT_RETRY_MAX_MS = 20;
/** one step of a transaction with its coordinator, with all tries, ms */
export const TRANSACTION_STEP_WITHIN_MS = 5_000;
/** taking a transactional id over, ms */
export const FENCE_WITHIN_MS = 20_000;
/** Kafka's default `group.min.session.timeout.ms` is 6 s */
export const SESSION_TIMEOUT_MS = 6_000;
/** how soon a member hears that another is gone, ms; less where the session is shorter */
export const HEARTBEAT_INTERVAL_MS = 500;
/** a session outlives so many heartbeats that are lost */
export const HEARTBEATS_PER_SESSION = 6;
/** a heartbeat without an answer: the next one goes on a new connection, and the session still lasts */
export const HEARTBEAT_TIMEOUT_MS = 2_000;
export const REBALANCE_TIMEOUT_MS = 10_000;
/** a task that is promised to a member moves to it after this, ms, whether it has got warm or not: its checkpoint may be one that takes minutes to read */
export const PROMISED_WITHIN_MS = 300_000;
/** saying goodbye to the group; without it the session ends by itself */
export const LEAVE_WITHIN_MS = 2_000;
/** a fence needs the membership to have been confirmed within this share of the session, so nobody else can own the task */
export const MEMBERSHIP_FRESH = 0.5;
/** the same trouble is logged once in this time, ms */
export const TROUBLE_LOG_INTERVAL_MS = 5_000;
/** plain appends waiting for their turn, bytes of key and value; more are refused */
export const WRITER_QUEUE_BYTES_MAX = 64 << 20;
/** a plain append is sent again with the same sequence numbers for this long, ms */
export const WRITER_RETRY_MS = 20_000;
