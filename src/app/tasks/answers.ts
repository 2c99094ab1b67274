import type { HaltedRuleView, RuleStats } from '../../api/ports.js';
import type { PartitionTask } from '../../engine/task/partition-task.js';
import type { JsonValue } from '../../event/stream-event.js';
import { readTask } from '../../observability/metrics-source.js';
import type { TaskHost } from '../../stream/tasks/task-host.js';
import type { AnswerTo, MemberStanding, MetricsReading, Question } from './task-side.js';

/** Answers a question about the tasks of a host, in plain data. */
export function answerOf<Q extends Question>(host: TaskHost, question: Q): AnswerTo<Q>;
export function answerOf(host: TaskHost, question: Question): AnswerTo<Question> {
  switch (question.kind) {
    case 'standing':
      return standingOf(host);
    case 'metrics':
      return metricsOf(host);
    case 'stats':
      return statsOf(host, question.ruleId);
    case 'explain':
      return explain(host, question.ruleId, question.key);
  }
}

function standingOf(host: TaskHost): MemberStanding {
  const tasks = host.statuses.flatMap((status) => {
    const runner = host.runner(status.number);
    if (runner === null) return [];
    const { task } = runner;
    return [{ status, inputs: runner.inputStandings, committed: runner.committedStanding, events: task.counts.events, halted: haltedIn(task), warmingUp: task.warmingUp }];
  });
  return { notReady: host.notReady, owned: host.ownedTasks, tasks, standbys: host.standbyStatuses };
}

/** What a task leaves alone now. */
function haltedIn(task: PartitionTask): HaltedRuleView[] {
  return task.runningRules.flatMap(({ live: { ruleId, version } }) => {
    const failure = task.failureOf(ruleId, version);
    return failure === null ? [] : [{ rule: ruleId, version, ...failure }];
  });
}

function metricsOf(host: TaskHost): MetricsReading {
  return { tasks: host.runners.map((runner) => readTask(runner.status, runner.task)), standbys: host.standbyStatuses, threads: [] };
}

function statsOf(host: TaskHost, ruleId: string): RuleStats {
  const total = { hits: 0, evaluations: 0, errors: 0, missingFacts: 0, late: 0, stateKeys: 0, stateBytes: 0, lastHitAt: null as number | null, failure: null as RuleStats['failure'] };
  for (const { task } of host.runners) {
    for (const rule of task.runningRules) {
      if (rule.live.ruleId !== ruleId) continue;
      total.hits += rule.counts.hits;
      total.evaluations += rule.counts.evaluated;
      total.errors += rule.counts.errors + rule.program.counters.type;
      total.missingFacts += rule.program.counters.missing;
      total.failure ??= task.failureOf(ruleId, rule.live.version);
      if (rule.counts.lastHitAt !== null) total.lastHitAt = Math.max(total.lastHitAt ?? -Infinity, rule.counts.lastHitAt);
    }
    const group = task.groupOfRule(ruleId);
    if (group === null) continue;
    total.stateKeys += group.size;
    total.late += task.counts.late + task.counts.lateForKey;
  }
  return total;
}

/** The same over several hosts. */
export function sumOfStats(all: readonly RuleStats[]): RuleStats {
  const sum = (of: (stats: RuleStats) => number): number => all.reduce((total, stats) => total + of(stats), 0);
  const hitAt = all.flatMap(({ lastHitAt }) => (lastHitAt === null ? [] : [lastHitAt]));
  return {
    hits: sum(({ hits }) => hits),
    evaluations: sum(({ evaluations }) => evaluations),
    errors: sum(({ errors }) => errors),
    missingFacts: sum(({ missingFacts }) => missingFacts),
    late: sum(({ late }) => late),
    stateKeys: sum(({ stateKeys }) => stateKeys),
    stateBytes: sum(({ stateBytes }) => stateBytes),
    lastHitAt: hitAt.length === 0 ? null : Math.max(...hitAt),
    failure: all.find(({ failure }) => failure !== null)?.failure ?? null,
  };
}

function explain(host: TaskHost, ruleId: string, key: string): JsonValue {
  for (const { task } of host.runners) {
    const explained = task.groupOfRule(ruleId)?.explain(ruleId, key) ?? null;
    if (explained !== null) return explained;
  }
  return null;
}
