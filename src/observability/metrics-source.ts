import type { PartitionTask } from '../engine/task/partition-task.js';

/** What one rule of a task counted since the task opened. */
export interface RuleReading {
  readonly rule: string;
  readonly evaluations: number;
  readonly hits: number;
  readonly muted: number;
  readonly errors: number;
  readonly missing: number;
  readonly wrongType: number;
  /** it failed, and the task leaves it alone */
  readonly halted: boolean;
}

/** One task at the moment of a scrape. Null: not known. */
export interface TaskReading {
  readonly task: number;
  readonly state: 'opening' | 'live' | 'stopped';
  readonly lag: number;
  /** epoch ms; -Infinity before the first event */
  readonly watermark: number;
  readonly keys: number;
  readonly dirtyKeys: number;
  readonly stateBytes: number;
  readonly replay: { readonly entries: number; readonly ms: number } | null;
  readonly events: number;
  /** events without effect by reason */
  readonly withoutEffect: Readonly<Record<string, number>>;
  /** alerts by kind */
  readonly alerts: Readonly<Record<string, number>>;
  readonly rules: readonly RuleReading[];
}

/** A task of another member that is followed here. */
export interface StandbyReading {
  readonly number: number;
  /** journal records behind; null before the checkpoint is read */
  readonly lag: number | null;
  readonly keys: number;
}

/** A thread that runs tasks beside the main one: what the process cannot tell of it. */
export interface ThreadReading {
  readonly memory: readonly { readonly kind: string; readonly bytes: number }[];
  /** by quantile, ms */
  readonly loopDelay: readonly { readonly quantile: string; readonly ms: number }[];
}

/** What is read at each scrape. */
export interface SourceReading {
  readonly tasks: Iterable<TaskReading>;
  readonly standbys: Iterable<StandbyReading>;
  readonly threads: Iterable<ThreadReading>;
}

/** Where the values live that are read at each scrape: the tasks of this process. */
export interface MetricsSource {
  /** epoch ms of the wall clock, against which watermarks are held */
  now(): number;
  read(): Promise<SourceReading>;
}

/** What is read of a task's runner: its status has these members. */
export interface RunnerReading {
  readonly number: number;
  readonly state: 'opening' | 'live' | 'stopped';
  readonly lag: number;
  readonly watermark: number;
  readonly keys: number;
  readonly dirtyKeys: number;
  readonly replay?: { readonly entries: number; readonly ms: number } | null;
}

/** Reads one task. Cost: one look at each of its rules. */
export function readTask(status: RunnerReading, task: PartitionTask): TaskReading {
  const { counts } = task;
  return {
    task: status.number,
    state: status.state,
    lag: status.lag,
    watermark: status.watermark,
    keys: status.keys,
    dirtyKeys: status.dirtyKeys,
    stateBytes: task.stateBytes,
    replay: status.replay ?? null,
    events: counts.events,
    withoutEffect: { late: counts.late, 'late-for-key': counts.lateForKey, 'dead-letter': counts.dead, repeated: counts.repeated, 'no-key': counts.noKey },
    alerts: counts.output,
    rules: task.runningRules.map(({ live, counts: rule, program: { counters } }) => ({
      rule: live.ruleId,
      evaluations: rule.evaluated,
      hits: rule.hits,
      muted: rule.muted,
      errors: rule.errors,
      missing: counters.missing,
      wrongType: counters.type,
      halted: task.failureOf(live.ruleId, live.version) !== null,
    })),
  };
}
