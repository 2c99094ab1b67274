import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import type { PartitionTask } from '../../src/engine/task/partition-task.js';
import { INSTRUMENTS } from '../../src/observability/instruments.js';
import { observabilityLimits } from '../../src/observability/limits.js';
import { metricsReference, prometheusName } from '../../src/observability/metrics-reference.js';
import { readTask, type RuleReading, type TaskReading } from '../../src/observability/metrics-source.js';
import { startTelemetry, type Telemetry } from '../../src/observability/telemetry.js';

const rule = (id: string, hits: number): RuleReading => ({ rule: id, evaluations: 10, hits, muted: 1, errors: 0, missing: 2, wrongType: 3, halted: false });

const task = (number: number, rules: readonly RuleReading[]): TaskReading => ({
  task: number,
  state: 'live',
  lag: 40,
  watermark: 1_000_000 - 2_500,
  keys: 12,
  dirtyKeys: 5,
  stateBytes: 1_200,
  replay: { entries: 8, ms: 1_500 },
  events: 100,
  withoutEffect: { late: 1, 'late-for-key': 2, 'dead-letter': 3, repeated: 4, 'no-key': 5 },
  alerts: { alert: 6, resolved: 0, timeout: 0, signal: 1 },
  rules,
});

describe('the metrics page', () => {
  let telemetry: Telemetry;
  beforeEach(async () => {
    telemetry = await startTelemetry({ serviceName: 'vigil', version: '1.2.3', env: {} });
  });
  afterEach(() => telemetry.shutdown());

  /** Lines of values that begin with one of the names, sorted. */
  const lines = async (...names: string[]): Promise<string[]> => {
    const { text } = await telemetry.read();
    return text.split('\n').filter((line) => names.some((name) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))).sort();
  };

  it('names the service', async () => {
    const { contentType } = await telemetry.read();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await lines('target_info')).toEqual(['target_info{service_name="vigil",service_version="1.2.3"} 1']);
  });

  it('reads what lives in the tasks at each scrape', async () => {
    let tasks = [task(12, [rule('a', 3)])];
    telemetry.metrics.observeTasks({ now: () => 1_000_000, read: async () => ({ tasks, standbys: [], threads: [] }) });
    expect(await lines('vigil_events_total', 'vigil_events_without_effect_total', 'vigil_alerts_total', 'vigil_tasks')).toEqual([
      'vigil_alerts_total{task="12",kind="alert"} 6',
      'vigil_alerts_total{task="12",kind="resolved"} 0',
      'vigil_alerts_total{task="12",kind="signal"} 1',
      'vigil_alerts_total{task="12",kind="timeout"} 0',
      'vigil_events_total{task="12"} 100',
      'vigil_events_without_effect_total{task="12",reason="dead-letter"} 3',
      'vigil_events_without_effect_total{task="12",reason="late"} 1',
      'vigil_events_without_effect_total{task="12",reason="late-for-key"} 2',
      'vigil_events_without_effect_total{task="12",reason="no-key"} 5',
      'vigil_events_without_effect_total{task="12",reason="repeated"} 4',
      'vigil_tasks{state="live"} 1',
    ]);
    expect(await lines('vigil_lag', 'vigil_watermark_delay_seconds', 'vigil_state_keys', 'vigil_state_bytes', 'vigil_state_dirty_keys', 'vigil_replay_entries', 'vigil_replay_seconds')).toEqual([
      'vigil_lag{task="12"} 40',
      'vigil_replay_entries{task="12"} 8',
      'vigil_replay_seconds{task="12"} 1.5',
      'vigil_state_bytes{task="12"} 1200',
      'vigil_state_dirty_keys{task="12"} 5',
      'vigil_state_keys{task="12"} 12',
      'vigil_watermark_delay_seconds{task="12"} 2.5',
    ]);
    telemetry.metrics.observeTasks({ now: () => 1_000_000, read: async () => ({ tasks, standbys: [{ number: 3, lag: 7, keys: 40 }, { number: 4, lag: null, keys: 0 }], threads: [] }) });
    expect(await lines('vigil_standby_lag', 'vigil_standby_keys')).toEqual(['vigil_standby_keys{task="3"} 40', 'vigil_standby_keys{task="4"} 0', 'vigil_standby_lag{task="3"} 7']);
    tasks = [{ ...task(12, []), watermark: -Infinity, lag: 41 }];
    expect(await lines('vigil_lag', 'vigil_watermark_delay_seconds')).toEqual(['vigil_lag{task="12"} 41']);
    tasks = [];
    expect(await lines('vigil_lag', 'vigil_tasks')).toEqual([]);
  });

  it('adds up a rule over the tasks', async () => {
    telemetry.metrics.observeTasks({ now: () => 1_000_000, read: async () => ({ tasks: [task(12, [rule('a', 3), rule('b', 0)]), task(13, [rule('a', 4)])], standbys: [], threads: [] }) });
    expect(await lines('vigil_rule_hits_total', 'vigil_rule_evaluations_total', 'vigil_rule_unusable_facts_total')).toEqual([
      'vigil_rule_evaluations_total{rule="a"} 20',
      'vigil_rule_evaluations_total{rule="b"} 10',
      'vigil_rule_hits_total{rule="a"} 7',
      'vigil_rule_hits_total{rule="b"} 0',
      'vigil_rule_unusable_facts_total{rule="a",reason="missing"} 4',
      'vigil_rule_unusable_facts_total{rule="a",reason="type"} 6',
      'vigil_rule_unusable_facts_total{rule="b",reason="missing"} 2',
      'vigil_rule_unusable_facts_total{rule="b",reason="type"} 3',
    ]);
  });

  it('tells in how many tasks a rule is left alone', async () => {
    telemetry.metrics.observeTasks({ now: () => 0, read: async () => ({ tasks: [task(12, [{ ...rule('a', 1), halted: true }, rule('b', 1)]), task(13, [{ ...rule('a', 1), halted: true }, rule('b', 1)]), task(14, [rule('a', 1)])], standbys: [], threads: [] }) });
    expect(await lines('vigil_rule_halted')).toEqual(['vigil_rule_halted{rule="a"} 2', 'vigil_rule_halted{rule="b"} 0']);
  });

  it('gives rules beyond the bound one series together, the same ones at each scrape', async () => {
    const { ruleLabelsMax } = observabilityLimits;
    const rules = Array.from({ length: ruleLabelsMax + 3 }, (_, i) => rule(`r${i}`, 1));
    let shown = rules;
    telemetry.metrics.observeTasks({ now: () => 0, read: async () => ({ tasks: [task(0, shown)], standbys: [], threads: [] }) });
    const first = await lines('vigil_rule_hits_total');
    expect([first.length, first.includes('vigil_rule_hits_total{rule="other"} 3'), first.includes('vigil_rule_hits_total{rule="r0"} 1')]).toEqual([ruleLabelsMax + 1, true, true]);
    shown = [...rules].reverse();
    expect(await lines('vigil_rule_hits_total')).toEqual(first);
  });

  it('bounds the series of sources that are named in requests', async () => {
    const { sourceLabelsMax } = observabilityLimits;
    for (let i = 0; i < sourceLabelsMax + 10; i++) telemetry.metrics.ingested(`s${i}`, 2, 1);
    const ingested = await lines('vigil_ingested_total');
    expect(ingested.length).toBe(2 * (sourceLabelsMax + 1));
    expect(ingested).toContain('vigil_ingested_total{source="other",outcome="accepted"} 20');
    expect(ingested).toContain('vigil_ingested_total{source="other",outcome="rejected"} 10');
  });

  it('counts transactions and how long they took', async () => {
    for (const ms of [3, 7, 180]) telemetry.metrics.committed({ events: 10, alerts: 1, ms, bytes: 500 });
    expect(await lines('vigil_transactions_total', 'vigil_transactions_events_total', 'vigil_transactions_alerts_total', 'vigil_transactions_bytes_total')).toEqual([
      'vigil_transactions_alerts_total 3',
      'vigil_transactions_bytes_total 1500',
      'vigil_transactions_events_total 30',
      'vigil_transactions_total 3',
    ]);
    const { text } = await telemetry.read();
    expect(text.split('\n').filter((line) => line.startsWith('vigil_commit_latency_ms_'))).toEqual([
      'vigil_commit_latency_ms_count 3',
      'vigil_commit_latency_ms_sum 190',
      ...[1, 2].map((le) => `vigil_commit_latency_ms_bucket{le="${le}"} 0`),
      'vigil_commit_latency_ms_bucket{le="5"} 1',
      ...[10, 20, 50, 100].map((le) => `vigil_commit_latency_ms_bucket{le="${le}"} 2`),
      ...[200, 500, 1_000, 2_000, 5_000, 10_000, '+Inf'].map((le) => `vigil_commit_latency_ms_bucket{le="${le}"} 3`),
    ]);
  });

  it('counts requests by area, not by path', async () => {
    const paths = ['/api/v1/rules/a', '/api/v1/rules/b/versions/3', '/api/v1/nonsense/x', '/health/live', '/', '/wp-login.php'];
    for (const path of paths) telemetry.metrics.request({ method: 'GET', path, status: 200, durationMs: 4 });
    telemetry.metrics.request({ method: 'BREW', path: '/api/v1/alerts', status: 404, durationMs: 4 });
    expect(await lines('vigil_http_requests_total')).toEqual([
      'vigil_http_requests_total{method="GET",area="health",status="2xx"} 1',
      'vigil_http_requests_total{method="GET",area="other",status="2xx"} 2',
      'vigil_http_requests_total{method="GET",area="page",status="2xx"} 1',
      'vigil_http_requests_total{method="GET",area="rules",status="2xx"} 2',
      'vigil_http_requests_total{method="other",area="alerts",status="4xx"} 1',
    ]);
  });

  it('adds what threads hold to the memory of the process, and tells the delay of the latest of them', async () => {
    const thread = (gb: number, ms: number) => ({ memory: [{ kind: 'heap', bytes: gb * 1e9 }], loopDelay: [{ quantile: '1', ms }] });
    telemetry.metrics.observeTasks({ now: () => 0, read: async () => ({ tasks: [], standbys: [], threads: [thread(100, 1_000_000), thread(200, 3_000_000)] }) });
    const [delay, heap] = await lines('vigil_process_memory_bytes{kind="heap"}', 'vigil_process_event_loop_delay_ms{quantile="1"}');
    expect(delay).toBe('vigil_process_event_loop_delay_ms{quantile="1"} 3000000');
    expect(Math.floor(Number(heap?.split(' ')[1]) / 1e11)).toBe(3);
  });

  it('tells memory, processor time and the delay of the event loop', async () => {
    const found = (await lines('vigil_process_memory_bytes', 'vigil_process_cpu_seconds_total', 'vigil_process_event_loop_delay_ms')).map((line) => [line.split(' ')[0], Number(line.split(' ')[1]) >= 0]);
    expect(found).toEqual([
      ['vigil_process_cpu_seconds_total{mode="system"}', true],
      ['vigil_process_cpu_seconds_total{mode="user"}', true],
      ['vigil_process_event_loop_delay_ms{quantile="0.5"}', true],
      ['vigil_process_event_loop_delay_ms{quantile="0.99"}', true],
      ['vigil_process_event_loop_delay_ms{quantile="1"}', true],
      ['vigil_process_memory_bytes{kind="array-buffers"}', true],
      ['vigil_process_memory_bytes{kind="external"}', true],
      ['vigil_process_memory_bytes{kind="heap"}', true],
      ['vigil_process_memory_bytes{kind="resident"}', true],
    ]);
  });

  it('shows every instrument of the catalogue under the name that the reference gives', async () => {
    telemetry.metrics.observeTasks({ now: () => 1_000_000, read: async () => ({ tasks: [task(1, [rule('a', 1)])], standbys: [{ number: 2, lag: 0, keys: 1 }], threads: [] }) });
    telemetry.metrics.committed({ events: 1, alerts: 1, ms: 1, bytes: 1 });
    telemetry.metrics.request({ method: 'GET', path: '/', status: 200, durationMs: 1 });
    telemetry.metrics.ingested('s', 1, 0);
    const { text } = await telemetry.read();
    const types = text.split('\n').filter((line) => line.startsWith('# TYPE vigil_')).map((line) => line.slice('# TYPE '.length)).sort();
    expect(types).toEqual(Object.values(INSTRUMENTS).map((instrument) => `${prometheusName(instrument)} ${instrument.kind}`).sort());
  });
});

describe('a task as the metrics read it', () => {
  it('tells what came in, what came out, and what each rule did', () => {
    let reading: TaskReading | null = null;
    class Watched extends RuleTestDriver {
      override push(...args: Parameters<RuleTestDriver['push']>): ReturnType<RuleTestDriver['push']> {
        const alerts = super.push(...args);
        const tasks = (this as unknown as { tasks: ReadonlyMap<number, PartitionTask> }).tasks;
        const running = tasks.get(1) as PartitionTask;
        reading = readTask({ number: 1, state: 'live', lag: 0, watermark: running.watermark, keys: running.keyCount, dirtyKeys: running.dirtyKeys }, running);
        return alerts;
      }
    }
    const driver = new Watched({
      rules: [{ id: 'large', name: 'Large', severity: 'low', from: ['payments'], key: ['card'], on: 'payment', when: { fact: 'amount', operator: 'greaterThan', value: 100 }, alert: { type: 'large' } }],
    });
    driver.push({ id: '1', type: 'payment', ts: 1_000, card: 'a', amount: 50 });
    driver.push({ id: '2', type: 'payment', ts: 2_000, card: 'a', amount: 500 });
    driver.push({ id: '3', type: 'payment', ts: 3_000, card: 'a' });
    driver.push({ id: '4', type: 'payment', ts: 500, card: 'a', amount: 500 });
    driver.push({ id: '5', type: 'payment', ts: 4_000, amount: 500 });
    expect(reading).toEqual({
      task: 1,
      state: 'live',
      lag: 0,
      watermark: 4_000,
      keys: 0,
      dirtyKeys: 0,
      stateBytes: 0,
      replay: null,
      events: 5,
      withoutEffect: { late: 1, 'late-for-key': 0, 'dead-letter': 0, repeated: 0, 'no-key': 1 },
      alerts: { alert: 1, resolved: 0, timeout: 0, signal: 0 },
      rules: [{ rule: 'large', evaluations: 3, hits: 1, muted: 0, errors: 0, missing: 1, wrongType: 0, halted: false }],
    });
  });
});

describe('docs/metrics.md', () => {
  it('is what the catalogue says (UPDATE_DOCS=1 writes it)', () => {
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync('docs/metrics.md', metricsReference());
    expect(readFileSync('docs/metrics.md', 'utf8')).toBe(metricsReference());
  });
});
