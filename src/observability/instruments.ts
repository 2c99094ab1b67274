/** How the values of an instrument come about. `observed`: read where they live, at each scrape. `recorded`: told when they happen. */
export interface Instrument {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly by: 'observed' | 'recorded';
  /** UCUM unit; what is counted stands in braces */
  readonly unit: string;
  readonly description: string;
  /** attributes, each with its values */
  readonly attributes: Readonly<Record<string, string>>;
  /** upper bounds of a histogram's buckets, in its unit */
  readonly buckets?: readonly number[];
}

const TASK = 'number of the task';
const RULE = 'id of the rule';
const MILLISECONDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const OF_THIS_OPENING = 'Counted since the task was opened here, replayed events included.';

/**
 * Every instrument of the process. Names end in their unit where it is not plain; Prometheus shows dots as underscores and gives counters
 * the ending `_total`. `docs/metrics.md` is made from this table.
 */
export const INSTRUMENTS = {
  events: { name: 'vigil.events', kind: 'counter', by: 'observed', unit: '{event}', description: `Events read from sources. ${OF_THIS_OPENING}`, attributes: { task: TASK } },
  eventsWithoutEffect: {
    name: 'vigil.events.without_effect',
    kind: 'counter',
    by: 'observed',
    unit: '{event}',
    description: `Events that no rule saw, with the reason. ${OF_THIS_OPENING}`,
    attributes: { task: TASK, reason: '`late` · `late-for-key` · `dead-letter` · `repeated` · `no-key`' },
  },
  alerts: { name: 'vigil.alerts', kind: 'counter', by: 'observed', unit: '{alert}', description: `Output of rules by kind. ${OF_THIS_OPENING}`, attributes: { task: TASK, kind: '`alert` · `resolved` · `timeout` · `signal`' } },
  tasks: { name: 'vigil.tasks', kind: 'gauge', by: 'observed', unit: '{task}', description: 'Tasks that this process runs, by state.', attributes: { state: '`opening` · `live` · `stopped`' } },
  lag: { name: 'vigil.lag', kind: 'gauge', by: 'observed', unit: '{record}', description: 'Records at the end of the inputs that the task has not taken yet.', attributes: { task: TASK } },
  watermarkDelay: {
    name: 'vigil.watermark.delay_seconds',
    kind: 'gauge',
    by: 'observed',
    unit: 's',
    description:
      'The wall clock minus the watermark of the task: how long ago the last moment was of which everything is known. It grows while a source is silent and is large while history is read; `vigil.lag` tells these two apart. Missing before the first event.',
    attributes: { task: TASK },
  },
  stateKeys: { name: 'vigil.state.keys', kind: 'gauge', by: 'observed', unit: '{key}', description: 'Keys with state in memory.', attributes: { task: TASK } },
  stateBytes: { name: 'vigil.state.bytes', kind: 'gauge', by: 'observed', unit: 'By', description: 'Size of the written state records of the keys: what a checkpoint holds, not what memory takes.', attributes: { task: TASK } },
  dirtyKeys: { name: 'vigil.state.dirty_keys', kind: 'gauge', by: 'observed', unit: '{key}', description: 'Keys that changed since their record was written: what a replay after a crash has to work out again.', attributes: { task: TASK } },
  replayEntries: { name: 'vigil.replay.entries', kind: 'gauge', by: 'observed', unit: '{entry}', description: 'Journal entries that were replayed when the task was opened.', attributes: { task: TASK } },
  replaySeconds: { name: 'vigil.replay.seconds', kind: 'gauge', by: 'observed', unit: 's', description: 'How long opening the task took, from the fence to live.', attributes: { task: TASK } },
  standbyLag: { name: 'vigil.standby.lag', kind: 'gauge', by: 'observed', unit: '{record}', description: 'Journal records that a task of another member is behind where it is followed here. Missing while its checkpoint is read.', attributes: { task: TASK } },
  standbyKeys: { name: 'vigil.standby.keys', kind: 'gauge', by: 'observed', unit: '{key}', description: 'Keys in memory of tasks of other members that are followed here.', attributes: { task: TASK } },
  transactions: { name: 'vigil.transactions', kind: 'counter', by: 'recorded', unit: '{transaction}', description: 'Committed transactions of tasks.', attributes: {} },
  transactionBytes: { name: 'vigil.transactions.bytes', kind: 'counter', by: 'recorded', unit: 'By', description: 'What committed transactions wrote: alerts, side outputs, re-keyed events, state, journal.', attributes: {} },
  transactionEvents: { name: 'vigil.transactions.events', kind: 'counter', by: 'recorded', unit: '{event}', description: 'Events whose effects were committed.', attributes: {} },
  transactionAlerts: { name: 'vigil.transactions.alerts', kind: 'counter', by: 'recorded', unit: '{alert}', description: 'Alerts, resolutions, timeouts and signals that were committed.', attributes: {} },
  commitLatency: { name: 'vigil.commit.latency_ms', kind: 'histogram', by: 'recorded', unit: 'ms', description: 'From the decision to commit until the log has the transaction.', attributes: {}, buckets: MILLISECONDS },
  ruleEvaluations: { name: 'vigil.rule.evaluations', kind: 'counter', by: 'observed', unit: '{event}', description: `Events that were put before the rule. ${OF_THIS_OPENING}`, attributes: { rule: RULE } },
  ruleHits: { name: 'vigil.rule.hits', kind: 'counter', by: 'observed', unit: '{hit}', description: `How often the rule fired. ${OF_THIS_OPENING}`, attributes: { rule: RULE } },
  ruleMuted: { name: 'vigil.rule.muted', kind: 'counter', by: 'observed', unit: '{hit}', description: `Hits that the firing policy held back. ${OF_THIS_OPENING}`, attributes: { rule: RULE } },
  ruleErrors: { name: 'vigil.rule.errors', kind: 'counter', by: 'observed', unit: '{error}', description: `Events on which the rule failed. ${OF_THIS_OPENING}`, attributes: { rule: RULE } },
  ruleHalted: {
    name: 'vigil.rule.halted',
    kind: 'gauge',
    by: 'observed',
    unit: '{task}',
    description: 'Tasks of this process that leave the rule alone since it failed in them: it sees nothing there until it is paused and resumed, or replaced. `GET /api/v1/cluster` and the stats of the rule say why.',
    attributes: { rule: RULE },
  },
  ruleUnusableFacts: {
    name: 'vigil.rule.unusable_facts',
    kind: 'counter',
    by: 'observed',
    unit: '{condition}',
    description: `Conditions that were false because a fact had no value or one of the wrong type. ${OF_THIS_OPENING}`,
    attributes: { rule: RULE, reason: '`missing` · `type`' },
  },
  httpRequests: { name: 'vigil.http.requests', kind: 'counter', by: 'recorded', unit: '{request}', description: 'Finished HTTP requests.', attributes: { method: 'HTTP method', area: 'first part of the path after `/api/v1`', status: '`2xx` … `5xx`' } },
  httpDuration: { name: 'vigil.http.duration_ms', kind: 'histogram', by: 'recorded', unit: 'ms', description: 'From the first byte of a request to the end of its response; streams count when they end.', attributes: { area: 'first part of the path after `/api/v1`' }, buckets: MILLISECONDS },
  ingested: { name: 'vigil.ingested', kind: 'counter', by: 'recorded', unit: '{event}', description: 'Events that came over HTTP.', attributes: { source: 'name of the source', outcome: '`accepted` · `rejected`' } },
  memory: { name: 'vigil.process.memory_bytes', kind: 'gauge', by: 'observed', unit: 'By', description: 'Memory of the process.', attributes: { kind: '`resident` · `heap` · `external` · `array-buffers`' } },
  cpu: { name: 'vigil.process.cpu_seconds', kind: 'counter', by: 'observed', unit: 's', description: 'Processor time of the process.', attributes: { mode: '`user` · `system`' } },
  loopDelay: { name: 'vigil.process.event_loop_delay_ms', kind: 'gauge', by: 'observed', unit: 'ms', description: 'How much later than asked the event loop came round, over the last half to whole minute; of several threads the latest.', attributes: { quantile: '`0.5` · `0.99` · `1`' } },
} as const satisfies Readonly<Record<string, Instrument>>;

export type InstrumentName = keyof typeof INSTRUMENTS;
