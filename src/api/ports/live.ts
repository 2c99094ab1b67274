import type { JsonValue } from '../../event/stream-event.js';
import type { Caller, Page, PageRequest } from './caller.js';
import type { RuleStatus } from './rules.js';
import type { Stored } from './sources.js';

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
  /** which thread of its process it is, 1 and up; null where the main thread runs the tasks */
  readonly thread: number | null;
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
