import type { HaltedRuleView, RuleStats } from '../../api/ports.js';
import type { ControlState } from '../../engine/control/control-state.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { StandbyReading, TaskReading, ThreadReading } from '../../observability/metrics-source.js';
import type { InputStanding } from '../../stream/inputs/open-inputs.js';
import type { StandbyStatus } from '../../stream/opening/standbys.js';
import type { RunnerStatus } from '../../stream/tasks/runner-options.js';
import type { CommittedStanding } from '../../stream/tasks/task-runner.js';

/** A task that runs here, at one moment. */
export interface TaskStanding {
  readonly status: RunnerStatus & { readonly trouble: string | null };
  readonly inputs: readonly InputStanding[];
  /** what its last committed entry says; null before the first */
  readonly committed: CommittedStanding | null;
  /** taken since it was opened */
  readonly events: number;
  readonly halted: readonly HaltedRuleView[];
  /** it rebuilds the state of a rule from history */
  readonly warmingUp: boolean;
}

/** What one member of the group has, follows and waits for. */
export interface MemberStanding {
  /** why it cannot be told to be ready; null when every task of its own is live */
  readonly notReady: string | null;
  readonly owned: readonly number[];
  readonly tasks: readonly TaskStanding[];
  readonly standbys: readonly StandbyStatus[];
}

/** What a scrape reads of tasks. */
export interface MetricsReading {
  readonly tasks: readonly TaskReading[];
  readonly standbys: readonly StandbyReading[];
  /** of threads other than the main one */
  readonly threads: readonly ThreadReading[];
}

/**
 * What can be asked of those who run tasks, with the answers. Questions and answers are plain data: they may come from another thread.
 * `stats` and `explain`: null where no task of the member has anything of it.
 */
export interface Questions {
  readonly standing: { readonly question: { readonly kind: 'standing' }; readonly answer: MemberStanding };
  readonly metrics: { readonly question: { readonly kind: 'metrics' }; readonly answer: MetricsReading };
  readonly stats: { readonly question: { readonly kind: 'stats'; readonly ruleId: string }; readonly answer: RuleStats };
  readonly explain: { readonly question: { readonly kind: 'explain'; readonly ruleId: string; readonly key: string }; readonly answer: JsonValue };
}

export type Question = Questions[keyof Questions]['question'];
export type AnswerTo<Q extends Question> = Questions[Q['kind']]['answer'];

/** A member of this process, with the thread that it is. */
export interface OwnMember extends MemberStanding {
  /** 1 and up; null where tasks run on the main thread */
  readonly thread: number | null;
}

/** The tasks of this process as the rest of it sees them: on the main thread, or on threads of their own. */
export interface TaskSide {
  /** what the control topic says so far */
  readonly control: ControlState;
  /** numbers that have work, as far as the control topic was read */
  readonly neededTasks: readonly number[];
  /** Joins the group; resolves with the first assignment. @throws KafkaError when that is refused for good */
  start(): Promise<void>;
  /** Commits what was taken, writes all state, and leaves. */
  drain(): Promise<void>;
  /** Ends at once. */
  abandon(): void;
  members(): Promise<readonly OwnMember[]>;
  metrics(): Promise<MetricsReading>;
  /** of the version that runs here, summed over tasks; zeros where no task runs it */
  stats(ruleId: string): Promise<RuleStats>;
  /** @param key as `keyTextOf` writes it */
  explain(ruleId: string, key: string): Promise<JsonValue>;
}
