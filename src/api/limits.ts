/** Bounds of the HTTP interface, each with its reason. Sizes in bytes after decompression, times in ms. */

/** One event: what fits a Kafka record of default size (1,048,588) together with its headers. */
export const EVENT_BYTES_MAX = 1_000_000;
/** A JSON array of events is held in memory while it is checked; longer requests are NDJSON, which is not. */
export const EVENT_ARRAY_BYTES_MAX = 32 * 1024 * 1024;
export const EVENT_ARRAY_LENGTH_MAX = 100_000;
/** Text of the partitioning key, UTF-8: it is kept in every task that meets it. */
export const EVENT_KEY_BYTES_MAX = 1_024;
/** Characters of a key in a query: the JSON array of a key of several fields is longer than their text. */
export const KEY_LENGTH_MAX = 2_048;
/** Events handed to the log at once: its transaction takes about 10 ms then. */
export const INGEST_BATCH_EVENTS = 2_000;
export const INGEST_BATCH_BYTES = 4 * 1024 * 1024;
/** Rejections listed in one answer; the rest is counted. */
export const REJECTIONS_LISTED_MAX = 10_000;
/** Events of an array checked before the event loop gets its turn again. */
export const ARRAY_SLICE_EVENTS = 1_000;

/** A JSON body other than events, lists and simulations: the largest rule anybody should read. */
export const JSON_BODY_BYTES_MAX = 1024 * 1024;
/** Lists and simulations. */
export const LARGE_BODY_BYTES_MAX = 32 * 1024 * 1024;
/** Nesting of a JSON body: what validators walk by recursion must not exhaust the stack. */
export const JSON_DEPTH_MAX = 100;
/** Brackets and commas of a JSON body: parsing makes at most so many values, of some 30 bytes each. A simulation of most events has about two million. */
export const JSON_VALUES_MAX = 4_000_000;
/** Bodies held whole at one time, over all requests: four of the largest. A request beyond is told to come again. */
export const HELD_BODIES_BYTES_MAX = 128 * 1024 * 1024;
/** A body that is held whole must be there by then: 32 MB at 1 Mbit/s. */
export const BODY_WITHIN_MS = 300_000;
/** A client that sends nothing for this long while its body is awaited is cut off. */
export const BODY_IDLE_MS = 30_000;
/** What is read and thrown away of a refused body, so that the client sees the answer and not a reset connection. */
export const REFUSED_BODY_BYTES_MAX = 64 * 1024 * 1024;
/** And for how long: who has no key may not hold a connection by sending slowly. */
export const REFUSED_BODY_MS = 15_000;

/** Head of a request, bytes: Node's own default, enough for the tokens of any identity provider. */
export const HEADER_BYTES_MAX = 16 * 1024;
/** A connection that has not sent a whole head by then is closed, and how often that is looked at. */
export const HEADERS_WITHIN_MS = 20_000;
export const HEADERS_CHECK_MS = 5_000;
/** A kept connection that is silent for longer is closed: longer than proxies and clients keep one (60 s is usual), so that none sends into a close. */
export const KEEP_ALIVE_MS = 65_000;
/** Open connections: some ten kilobytes each. */
export const CONNECTIONS_MAX = 5_000;

/** Failed authentications of one address in a minute: nobody mistypes so often, and 16 characters outlast any guessing at this rate. */
export const FAILED_AUTH_PER_MINUTE = 60;
/** How far into the future failures can close an address: a client that is mended must not wait for long. */
export const FAILED_AUTH_DEBT_MS = 10 * 60_000;
/** The log is told of an address that guesses no more often than this. */
export const GUESSING_TOLD_EVERY_S = 60;
/** Requests of one key in a second: about what one process can answer; a runaway client must not take all of it for long. */
export const REQUESTS_PER_SECOND = 2_000;
/** A rested key has so many seconds' worth at once. */
export const REQUEST_BURST_SECONDS = 10;
/** Addresses, and keys, whose rate is known: some 100 bytes each. */
export const CLIENTS_REMEMBERED_MAX = 20_000;

/** Answers of an identity provider: a set of keys has some kilobytes. */
export const ISSUER_ANSWER_BYTES_MAX = 256 * 1024;
export const ISSUER_KEYS_MAX = 100;
/** A request waits for such an answer. */
export const ISSUER_TIMEOUT_MS = 5_000;
/** Keys that are older are fetched anew before they are used; a key that was withdrawn is good for no longer. */
export const ISSUER_KEYS_FRESH_MS = 10 * 60_000;
/** While the issuer cannot be reached, its keys are good for so long, as API keys are while the database is down. */
export const ISSUER_KEYS_STALE_MS = 3_600_000;
/** The issuer is asked at most so often, however many tokens come that name keys nobody has. */
export const ISSUER_RETRY_MS = 15_000;
/** By OpenID Connect Core 1.0. */
export const TOKEN_SUBJECT_LENGTH_MAX = 255;
/** Of the name that is shown, in characters: the filter by actor takes 100. */
export const TOKEN_NAME_LENGTH_MAX = 90;

export const PAGE_LIMIT_MAX = 500;
export const PAGE_LIMIT_DEFAULT = 50;
/** Cursor text: ids in it are at most some hundred bytes. */
export const CURSOR_LENGTH_MAX = 2_000;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 200;
/** Names of rules, sources, lists in a path. */
export const NAME_LENGTH_MAX = 200;

/** Entries of one list change; the list itself is bounded by the catalogue. */
export const LIST_ENTRIES_PER_REQUEST_MAX = 100_000;
export const LIST_VALUE_LENGTH_MAX = 1_024;
export const SIMULATION_EVENTS_MAX = 100_000;

/** Open alert streams of this process: each holds a socket, up to `STREAM_BUFFER_BYTES_MAX` and a page. */
export const STREAM_CLIENTS_MAX = 200;
/** Unsent bytes of one alert stream; a client that is further behind reads the index page by page until it has caught up. */
export const STREAM_BUFFER_BYTES_MAX = 256 * 1024;
/** Alerts read from the index at once for a client that is behind. */
export const STREAM_PAGE = 100;
/** A client that has left everything unread for so long is disconnected, and may come back with `Last-Event-ID`. */
export const STREAM_STALL_MS = 60_000;
/** Alerts that may arrive while a page is read: with more, one more page is read. */
export const STREAM_PENDING_MAX = 2_000;
/** Alerts sent to a client that is behind before it is told of a gap and gets what comes; who missed more reads the index. */
export const STREAM_REPLAY_MAX = 100_000;
/** A stream ends after so long and its client comes back with `Last-Event-ID`: a revoked key or an expired token reads no longer than that. */
export const STREAM_LIFETIME_MS = 3_600_000;
/** Below the 30 s after which common proxies give up on a silent connection. */
export const STREAM_HEARTBEAT_MS = 15_000;
