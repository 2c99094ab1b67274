import type { JsonValue } from '../event/stream-event.js';
import type { SourceDefinition } from '../rules/source-schema.js';

/**
 * What the HTTP interface needs from the rest of Vigil. `src/app` satisfies these with adapters over the catalogue, the log,
 * the tasks and the engine; `test/api` satisfies them in memory. Plain data only. Every method may throw `ApiError`
 * (`api-error.ts`), which becomes the answer; so does an error with one of the codes of `http/refusal-codes.ts`, whose message is
 * then shown. Any other error is a 500 that tells the caller nothing.
 * Times are epoch ms. Revisions start at 1 and grow by one with every change of the thing they belong to.
 */
export interface ApiPorts {
  readonly sources: SourceCatalogue;
  readonly rules: RuleCatalogue;
  readonly rulePacks: RulePacks;
  readonly lists: ListCatalogue;
  readonly apiKeys: ApiKeyStore;
  readonly alerts: AlertIndex;
  readonly alertFeed: AlertFeed;
  readonly audit: AuditTrail;
  readonly ingestion: Ingestion;
  readonly live: LiveView;
  readonly savepoints: SavepointStore;
  readonly validator: RuleValidator;
  readonly simulator: Simulator;
  readonly health: HealthProbe;
  readonly metrics: MetricsText;
}

// ---------------------------------------------------------------- who asks, and for which part

export type Role = 'viewer' | 'analyst' | 'admin';

/** The owner of the API key of a request. Every change takes one: it goes to the audit trail with the change. */
export interface Actor {
  readonly keyId: string;
  readonly name: string;
  readonly role: Role;
}

/** Who changes something, under which request. */
export interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

/**
 * `If-Match`: `null` = not sent, change whatever is there; `'any'` = it must exist; otherwise the current revision must be
 * one of these. Checked in the same transaction as the change: @throws ApiError 412 `revision.stale`
 */
export type Precondition = null | 'any' | readonly number[];

/** `after` is the `next` of the page before, opaque to the HTTP interface; null = the first page. `limit` is 1 … 500. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | null;
}

/** `next` is null on the last page. An `after` that the port cannot read: @throws ApiError 400 `cursor.invalid` */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

// ---------------------------------------------------------------- sources

/** A source as declared; defaults are filled in, durations are ms. */
export interface SourceView {
  readonly name: string;
  readonly definition: SourceDefinition;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface SourceCatalogue {
  list(page: PageRequest): Promise<Page<SourceView>>;
  get(name: string): Promise<SourceView | null>;
  /**
   * Declares or changes a source. The same definition again changes nothing (same revision).
   * @throws ApiError 412, 409 or 422 where the change is not possible
   */
  put(name: string, definition: SourceDefinition, precondition: Precondition, caller: Caller): Promise<Stored<SourceView>>;
  /** @returns false where there is none. @throws ApiError 409 `source.in-use` while live rules read it, 412 */
  delete(name: string, precondition: Precondition, caller: Caller): Promise<boolean>;
}

export interface Stored<T> {
  readonly outcome: 'created' | 'changed' | 'unchanged';
  readonly item: T;
}

// ---------------------------------------------------------------- rules

export type RuleStatus = 'draft' | 'shadow' | 'active' | 'paused' | 'retired';
export type RuleAction = 'activate' | 'shadow' | 'pause' | 'resume' | 'retire';

/** One immutable version; only `status` moves. */
export interface RuleVersionView {
  readonly id: string;
  readonly version: number;
  readonly status: RuleStatus;
  readonly rule: JsonValue;
  readonly createdAt: number;
  readonly createdBy: string;
  /** when `status` was last set */
  readonly statusAt: number;
}

/** A rule: its latest version, and the one that tasks run or keep state of (active, shadow or paused), if any. */
export interface RuleView {
  readonly id: string;
  readonly name: string;
  readonly severity: string;
  readonly tags: readonly string[];
  /** of the whole rule: grows with new versions and with transitions */
  readonly revision: number;
  readonly latest: RuleVersionView;
  readonly live: RuleVersionView | null;
  readonly versions: readonly { readonly version: number; readonly status: RuleStatus; readonly createdAt: number; readonly createdBy: string }[];
}

export interface RuleFilter {
  /** status of the live version, or else of the latest */
  readonly status: RuleStatus | null;
  readonly tag: string | null;
  readonly severity: string | null;
  /** part of id or name, whatever the case */
  readonly search: string | null;
}

export interface RuleCatalogue {
  /** in order of id */
  list(filter: RuleFilter, page: PageRequest): Promise<Page<RuleView>>;
  get(id: string): Promise<RuleView | null>;
  version(id: string, version: number): Promise<RuleVersionView | null>;
  /** Version 1 of a new rule. The document has been validated. @throws ApiError 409 `rule.exists` */
  create(id: string, rule: JsonValue, caller: Caller): Promise<RuleView>;
  /** The next version as a draft (version 1 where the rule is new); the latest version's document again changes nothing. @throws ApiError 412 */
  put(id: string, rule: JsonValue, precondition: Precondition, caller: Caller): Promise<Stored<RuleView>>;
  /**
   * Asks the tasks for a status. Resolves once it is recorded for delivery, not once tasks have it (`LiveView.applied`).
   * The same transition again changes nothing.
   * @throws ApiError 404 `rule.not-found` / `rule.version-not-found`, 409 `rule.transition-refused`, 412
   */
  transition(id: string, version: number, action: RuleAction, precondition: Precondition, caller: Caller): Promise<RuleView>;
}

export interface RuleFinding {
  /** public code, such as `rule.unknown-field` */
  readonly code: string;
  /** JSON pointer into the rule document; '' is the document itself */
  readonly pointer: string;
  readonly detail: string;
  /** of an SQL text, from 1 */
  readonly line?: number;
  readonly column?: number;
}

export interface RuleValidation {
  readonly valid: boolean;
  readonly problems: readonly RuleFinding[];
  readonly warnings: readonly RuleFinding[];
  /** state per key: formula, records and bytes; null where the rule is not valid or the bound is not known */
  readonly stateBound: JsonValue;
  /** cost class per event and index used; null likewise */
  readonly cost: JsonValue;
}

export interface RuleValidator {
  /** Never throws for what the document says: problems are in the answer. */
  validate(document: JsonValue): Promise<RuleValidation>;
}

// ---------------------------------------------------------------- rule packs

/** Rules that come with Vigil, to choose from. */
export interface RulePackView {
  readonly name: string;
  /** kinds of what it finds; each has one to four rules */
  readonly subjects: number;
  readonly rules: number;
}

/** What a list of a pack shows of a rule. */
export interface PackRuleView {
  readonly id: string;
  /** such as `08-account-takeover`: what rules of one kind share */
  readonly subject: string;
  readonly name: string;
  readonly description: string;
  readonly severity: string;
  readonly tags: readonly string[];
  readonly params: Readonly<Record<string, JsonValue>>;
}

export interface PackWish {
  /** name of the source that the rules shall read */
  readonly source: string;
  /** put before every id; '' = none */
  readonly prefix: string;
  /** ids in the pack, without prefix; null = all */
  readonly rules: readonly string[] | null;
  /** whether the documents keep their tests, which are about events with `ts` in ms, `type` and `id` */
  readonly tests: boolean;
  /** whether drafts are activated */
  readonly activate: boolean;
}

/** What became of one rule of a pack. */
export interface PackRuleOutcome {
  /** with prefix */
  readonly id: string;
  /** `created`: as draft version 1. `unchanged`: it was there. `differs`: a rule of this id has another document, and was left as it is. `refused`: see `problems` */
  readonly outcome: 'created' | 'unchanged' | 'differs' | 'refused';
  /** the latest; null where there is none */
  readonly version: number | null;
  readonly status: RuleStatus | null;
  /** why it is not as was asked for; where a rule differs, one for each member that does */
  readonly problems: readonly RuleFinding[];
}

export interface RulePacks {
  /** in order of name */
  list(): Promise<readonly RulePackView[]>;
  /** null where there is no such pack */
  rules(pack: string): Promise<readonly PackRuleView[] | null>;
  /** The document as it would be posted. @param source that it shall read; null = as shipped. @returns null where there is no such rule */
  rule(pack: string, id: string, source: string | null): Promise<JsonValue>;
  /**
   * Puts rules of a pack beside those that are there, and overwrites none. The same again changes nothing.
   * @returns null where there is no such pack
   * @throws ApiError 422 `source.not-found`, `rule-pack.unknown-rule`
   */
  load(pack: string, wish: PackWish, caller: Caller): Promise<readonly PackRuleOutcome[] | null>;
}

// ---------------------------------------------------------------- lists

export interface ListView {
  readonly name: string;
  readonly description: string;
  /** entries that have not expired */
  readonly size: number;
  readonly revision: number;
  readonly updatedAt: number;
}

export interface ListEntry {
  readonly value: string;
  /** epoch ms; null = never */
  readonly expiresAt: number | null;
}

export interface ListCatalogue {
  list(page: PageRequest): Promise<Page<ListView>>;
  get(name: string): Promise<ListView | null>;
  entries(name: string, page: PageRequest): Promise<Page<ListEntry> | null>;
  /** Creates the list or replaces all of its entries. @throws ApiError 412 */
  put(name: string, list: { readonly description: string; readonly entries: readonly ListEntry[] }, precondition: Precondition, caller: Caller): Promise<Stored<ListView>>;
  /** Sets (an entry that is there gets the new expiry) and removes entries. @returns null where there is no such list */
  change(name: string, change: { readonly set: readonly ListEntry[]; readonly remove: readonly string[] }, precondition: Precondition, caller: Caller): Promise<ListView | null>;
  delete(name: string, precondition: Precondition, caller: Caller): Promise<boolean>;
}

// ---------------------------------------------------------------- API keys and audit

export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export interface ApiKeyStore {
  /** The owner of a key, or null for an unknown, expired or revoked one. Asked once per request: quick, constant time in the secret. */
  authenticate(key: string): Promise<Actor | null>;
  list(page: PageRequest): Promise<Page<ApiKeyView>>;
  /** `key` is the secret itself: shown this once, stored hashed. */
  create(request: { readonly name: string; readonly role: Role; readonly expiresAt: number | null }, caller: Caller): Promise<ApiKeyView & { readonly key: string }>;
  /** @returns false where there is none. @throws ApiError 409 `api-key.last-admin` */
  revoke(id: string, caller: Caller): Promise<boolean>;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  /** such as `rule.activate` */
  readonly action: string;
  /** such as `rule/card-velocity/3` */
  readonly subject: string;
  readonly requestId: string;
  readonly detail: JsonValue;
}

export interface AuditTrail {
  /** newest first */
  list(filter: { readonly subject: string | null; readonly actor: string | null }, page: PageRequest): Promise<Page<AuditEntry>>;
}

// ---------------------------------------------------------------- alerts

/** An alert as on the alert topic, and whether it came from a shadow rule. */
export interface AlertView {
  readonly id: string;
  readonly rule: string;
  readonly version: number;
  readonly key: readonly string[];
  /** event time of the detection, epoch ms */
  readonly at: number;
  readonly severity: string;
  readonly type: string;
  readonly kind: string;
  readonly shadow: boolean;
  /** facts, evidence, matches, warm, message, by … as on the topic */
  readonly [member: string]: JsonValue | undefined;
}

export interface AlertFilter {
  readonly rule: string | null;
  readonly version: number | null;
  readonly key: readonly string[] | null;
  readonly severity: string | null;
  readonly type: string | null;
  readonly kind: string | null;
  /** null = both */
  readonly shadow: boolean | null;
  /** event time at least, epoch ms */
  readonly from: number | null;
  /** event time below, epoch ms */
  readonly to: number | null;
}

export interface AlertIndex {
  /** newest (`at`, then id) first */
  list(filter: AlertFilter, page: PageRequest): Promise<Page<AlertView>>;
  /** with its explanation, as far as it is kept */
  get(id: string): Promise<AlertView | null>;
}

/** An alert with its place in the order of arrival at the index: `position` is what a client resumes from. */
export interface FeedEntry {
  /** no line breaks */
  readonly position: string;
  readonly alert: AlertView;
}

export interface AlertFeed {
  /** Calls `onEntry`, synchronously and in order, for every alert from now on. @returns ends the subscription */
  subscribe(onEntry: (entry: FeedEntry) => void): () => void;
  /**
   * At most `limit` entries after a position, oldest first; `complete: false` when entries between the position and the first of
   * these are no longer kept, or the position is unknown.
   */
  since(position: string, limit: number): Promise<{ readonly entries: readonly FeedEntry[]; readonly complete: boolean }>;
}

// ---------------------------------------------------------------- ingestion

/** One event that passed the checks of its source, in its original bytes. */
export interface IncomingEvent {
  /** its place in the request, from 0, rejected ones counted */
  readonly index: number;
  /** text of the `partitionedBy` field: the record's key; null where the event has none or the source declares none */
  readonly key: string | null;
  /** the JSON text in UTF-8 */
  readonly bytes: Uint8Array;
}

export interface IngestRejection {
  readonly index: number;
  readonly code: string;
  readonly detail: string;
}

export interface IngestResult {
  readonly accepted: number;
  readonly rejected: readonly IngestRejection[];
  /** rejections beyond the limit of the answer: counted here, not listed */
  readonly rejectedNotListed: number;
}

/** One request's way onto the log. Methods are called one after the other. */
export interface IngestSession {
  /** Resolves when the log has all of them durably. At most `INGEST_BATCH_EVENTS` events. With an idempotency key, those that an earlier try wrote are not written again. */
  append(events: readonly IncomingEvent[]): Promise<void>;
  /** Ends the session; with an idempotency key, `result` becomes the answer to every later request with that key. `bodySha256` is hexadecimal. */
  finish(result: IngestResult, bodySha256: string): Promise<void>;
  /** Ends the session without an answer (the client went away, the log failed): a later try with the key goes on. Never throws. */
  abandon(): Promise<void>;
}

export interface Ingestion {
  /**
   * @returns `done` where the idempotency key (per source) already has an answer
   * @throws ApiError 404 `source.not-found`; 409 `idempotency.in-progress` while another request with the key runs; 503 `ingestion.unavailable`
   */
  begin(request: { readonly source: string; readonly idempotencyKey: string | null; readonly caller: Caller }): Promise<
    { readonly kind: 'open'; readonly definition: SourceDefinition; readonly session: IngestSession } | { readonly kind: 'done'; readonly result: IngestResult; readonly bodySha256: string }
  >;
}

// ---------------------------------------------------------------- what is running

/** Which tasks run a version in its wished status, and where in their inputs they took it. */
export interface AppliedView {
  /** tasks that have taken it */
  readonly tasks: number;
  /** tasks that have to */
  readonly of: number;
  readonly positions: readonly { readonly task: number; readonly inputs: Readonly<Record<string, number>> }[];
  /** what of history is still to be read, where its state is rebuilt; empty once it has been */
  readonly warmUps: readonly (WarmUpView & { readonly task: number })[];
}

/** How far history has been read for a rule whose state is rebuilt. */
export interface WarmUpView {
  readonly source: string;
  readonly partition: number;
  /** next offset to read; null while the log is asked where history begins, or others are read first */
  readonly position: number | null;
  /** where the source itself is being read: the warm-up is over when it has come as far */
  readonly target: number;
  /** event time come to, epoch ms; null before the first event */
  readonly watermark: number | null;
}

export interface RuleStats {
  readonly hits: number;
  readonly evaluations: number;
  readonly errors: number;
  readonly missingFacts: number;
  readonly late: number;
  readonly stateKeys: number;
  readonly stateBytes: number;
  /** epoch ms of the latest hit's event time; null without one */
  readonly lastHitAt: number | null;
  /** why a task leaves the rule alone, and the event time since when; null where none does. Pausing and resuming it lets it try again */
  readonly failure: { readonly at: number; readonly reason: string } | null;
}

export interface MemberView {
  readonly id: string;
  readonly role: 'all' | 'api' | 'worker';
  readonly self: boolean;
  readonly tasks: readonly number[];
  readonly startedAt: number;
}

export interface TaskInputView {
  readonly topic: string;
  readonly partition: number;
  /** next offset to read */
  readonly position: number;
  /** one past the last readable offset */
  readonly end: number;
  readonly lag: number;
  /** event time, epoch ms; null before the first event */
  readonly watermark: number | null;
}

export interface TaskView {
  readonly task: number;
  readonly kind: 'source' | 'keyed';
  readonly member: string | null;
  readonly state: 'unassigned' | 'opening' | 'live' | 'stopped';
  /** why it is stopped; null otherwise */
  readonly reason: string | null;
  readonly inputs: readonly TaskInputView[];
  readonly watermark: number | null;
  readonly lag: number;
  /** journal sequence of the last entry, and of the replay floor */
  readonly sequence: number;
  readonly floor: number;
  readonly events: number;
  /** who follows it and could take it over, as far as this process knows */
  readonly standbys: readonly StandbyView[];
  /** history that it reads for rules whose state is rebuilt; `group` is named by the version that began it */
  readonly warmUps: readonly (WarmUpView & { readonly group: string })[];
  /** rules that failed in it, which it leaves alone since */
  readonly halted: readonly HaltedRuleView[];
}

/** A rule version that a task leaves alone since it failed there: pausing and resuming it lets it try again. */
export interface HaltedRuleView {
  readonly rule: string;
  readonly version: number;
  /** event time at which it failed, epoch ms */
  readonly at: number;
  readonly reason: string;
}

/** A member that follows a task of another. */
export interface StandbyView {
  readonly member: string;
  readonly state: 'reading' | 'following';
  /** journal sequence of the last entry taken; -1 before the first */
  readonly sequence: number;
  /** journal records behind; null while its checkpoint is read */
  readonly lag: number | null;
}

/** Something outside that an operator should mend before it does harm. */
export interface ClusterWarning {
  /** public: dashboards match on it */
  readonly code: string;
  readonly subject: string;
  readonly detail: string;
}

export interface ClusterView {
  readonly members: readonly MemberView[];
  readonly tasks: readonly TaskView[];
  /** events taken by all tasks since their process started: a page works out the rate */
  readonly events: number;
  readonly warnings: readonly ClusterWarning[];
}

/** A savepoint: one consistent cut through all tasks, as files from which another application can go on. */
export interface SavepointView {
  readonly id: string;
  /** `asked`: on its way to the tasks; `taking`: tasks write their parts */
  readonly state: 'asked' | 'taking' | 'complete' | 'failed';
  readonly askedAt: number;
  readonly completedAt: number | null;
  /** where its files are, as this process reaches them */
  readonly dir: string;
  /** tasks that have a part in it, and those whose part is not there yet; null where it is not known */
  readonly tasks: { readonly taken: number; readonly of: number; readonly waitingFor: readonly number[] } | null;
  /** null until it is complete */
  readonly keys: number | null;
  /** re-keyed frames that were on their way; null until it is complete */
  readonly frames: number | null;
  readonly bytes: number;
  /** why it has failed, or what holds it up; null otherwise */
  readonly error: string | null;
}

export interface SavepointStore {
  /** newest first */
  list(page: PageRequest): Promise<Page<SavepointView>>;
  get(id: string): Promise<SavepointView | null>;
  /**
   * Asks all tasks for their parts; resolves once that is recorded for delivery. The same id again changes nothing.
   * @throws ApiError 409 where one cannot be taken now
   */
  ask(id: string, caller: Caller): Promise<Stored<SavepointView>>;
  /** Removes the files, and ends one that is being taken. @returns false where there is none */
  remove(id: string, caller: Caller): Promise<boolean>;
}

export interface LiveView {
  cluster(): Promise<ClusterView>;
  applied(ruleId: string, version: number, status: RuleStatus): Promise<AppliedView>;
  /** of the live version, summed over tasks; zeros where no task runs it */
  stats(ruleId: string): Promise<RuleStats>;
  /** Live state of one key under a rule: windows, partial matches, what each waits for, deadlines. Null where no task holds any. */
  explain(ruleId: string, key: readonly string[]): Promise<JsonValue>;
}

export interface SimulationRequest {
  readonly rule: JsonValue;
  /** in order of arrival */
  readonly events: readonly JsonValue[];
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** after the last event the idle clock passes to this time, epoch ms */
  readonly advanceTo: number | null;
  /** duration text or ms; null = the source's */
  readonly disorder: string | number | null;
}

export interface SimulationResult {
  readonly alerts: readonly JsonValue[];
  readonly explanations: readonly JsonValue[];
  readonly partialMatches: readonly JsonValue[];
  readonly late: readonly JsonValue[];
}

export interface Simulator {
  /** Runs a validated rule over events in an engine of its own; stores nothing. @throws ApiError 422 with pointer for an event or rule it cannot take */
  simulate(request: SimulationRequest): Promise<SimulationResult>;
}

export interface HealthReport {
  readonly ok: boolean;
  /** one sentence for each reason why not; empty when ok */
  readonly reasons: readonly string[];
}

export interface HealthProbe {
  /** the process works at all */
  live(): Promise<HealthReport>;
  /** all own tasks are live, catalogue and log answer */
  ready(): Promise<HealthReport>;
}

export interface MetricsText {
  /** in the exposition format of Prometheus */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}
