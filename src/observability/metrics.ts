import type { BatchObservableResult, Counter, Histogram, Meter, Observable } from '@opentelemetry/api';
import { BoundedLabels } from './bounded-labels.js';
import { areaOf } from './http-area.js';
import { INSTRUMENTS, type Instrument, type InstrumentName } from './instruments.js';
import { observabilityLimits } from './limits.js';
import type { MetricsSource, StandbyReading, TaskReading, ThreadReading } from './metrics-source.js';
import { cpuSeconds, LoopDelay, memoryBytes } from './process-gauges.js';
import { Sums } from './sums.js';

/** One finished HTTP request. */
export interface RequestReading {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
}

/** One committed transaction of a task. */
export interface TransactionReading {
  readonly events: number;
  readonly alerts: number;
  readonly ms: number;
  readonly bytes: number;
}

/** The instruments at work: what happens is recorded here, what lives in the tasks is read from the source at each scrape. */
export class Metrics {
  private readonly counters = new Map<InstrumentName, Counter>();
  private readonly histograms = new Map<InstrumentName, Histogram>();
  private readonly observables = new Map<InstrumentName, Observable>();
  private readonly rules = new BoundedLabels(observabilityLimits.ruleLabelsMax);
  private readonly sources = new BoundedLabels(observabilityLimits.sourceLabelsMax);
  private readonly taskNumbers = new BoundedLabels(observabilityLimits.taskLabelsMax);
  private readonly loopDelay = new LoopDelay();
  private source: MetricsSource | null = null;

  constructor(meter: Meter) {
    for (const name of Object.keys(INSTRUMENTS) as InstrumentName[]) this.create(meter, name, INSTRUMENTS[name]);
    meter.addBatchObservableCallback((result) => this.observe(result), [...this.observables.values()]);
  }

  /** Says where the tasks are; before that nothing is told of them. */
  observeTasks(source: MetricsSource): void {
    this.source = source;
  }

  committed({ events, alerts, ms, bytes }: TransactionReading): void {
    this.count('transactions', 1);
    this.count('transactionEvents', events);
    this.count('transactionAlerts', alerts);
    this.count('transactionBytes', bytes);
    this.histograms.get('commitLatency')?.record(ms);
  }

  request({ method, path, status, durationMs }: RequestReading): void {
    const area = areaOf(path);
    this.count('httpRequests', 1, { method: METHODS.has(method) ? method : 'other', area, status: `${Math.floor(status / 100)}xx` });
    this.histograms.get('httpDuration')?.record(durationMs, { area });
  }

  ingested(source: string, accepted: number, rejected: number): void {
    const label = this.sources.of(source);
    if (accepted > 0) this.count('ingested', accepted, { source: label, outcome: 'accepted' });
    if (rejected > 0) this.count('ingested', rejected, { source: label, outcome: 'rejected' });
  }

  stop(): void {
    this.loopDelay.stop();
    this.source = null;
  }

  private create(meter: Meter, name: InstrumentName, { name: full, kind, by, unit, description, buckets }: Instrument): void {
    const options = { unit, description };
    if (kind === 'histogram') this.histograms.set(name, meter.createHistogram(full, { ...options, advice: { explicitBucketBoundaries: [...(buckets ?? [])] } }));
    else if (by === 'recorded') this.counters.set(name, meter.createCounter(full, options));
    else this.observables.set(name, kind === 'counter' ? meter.createObservableCounter(full, options) : meter.createObservableGauge(full, options));
  }

  private count(name: InstrumentName, value: number, attributes: Readonly<Record<string, string>> = {}): void {
    this.counters.get(name)?.add(value, attributes);
  }

  // ------------------------------------------------------------------ at a scrape

  private async observe(result: BatchObservableResult): Promise<void> {
    const { source } = this;
    const reading = await source?.read();
    const sums = new Map<InstrumentName, Sums>();
    const tell: Tell = (name, value, attributes) => {
      let sum = sums.get(name);
      if (sum === undefined) sums.set(name, (sum = new Sums()));
      sum.add(value, attributes);
    };
    this.observeProcess(tell, [...(reading?.threads ?? [])]);
    if (source !== null && reading !== undefined) {
      const nowMs = source.now();
      for (const task of reading.tasks) this.observeTask(tell, task, nowMs);
      for (const standby of reading.standbys) this.observeStandby(tell, standby);
    }
    for (const [name, sum] of sums) for (const { attributes, value } of sum) result.observe(this.observables.get(name) as Observable, value, attributes);
  }

  private observeProcess(tell: Tell, threads: readonly ThreadReading[]): void {
    for (const { kind, bytes } of [memoryBytes(), ...threads.map(({ memory }) => memory)].flat()) tell('memory', bytes, { kind });
    for (const { mode, seconds } of cpuSeconds()) tell('cpu', seconds, { mode });
    const others = threads.flatMap(({ loopDelay }) => loopDelay);
    for (const { quantile, ms } of this.loopDelay.read()) tell('loopDelay', Math.max(ms, ...others.filter((one) => one.quantile === quantile).map((one) => one.ms)), { quantile });
  }

  private observeStandby(tell: Tell, { number, lag, keys }: StandbyReading): void {
    const task = this.taskNumbers.of(String(number));
    if (lag !== null && lag !== Infinity) tell('standbyLag', lag, { task });
    tell('standbyKeys', keys, { task });
  }

  private observeTask(tell: Tell, reading: TaskReading, nowMs: number): void {
    const task = this.taskNumbers.of(String(reading.task));
    tell('tasks', 1, { state: reading.state });
    tell('events', reading.events, { task });
    for (const [reason, count] of Object.entries(reading.withoutEffect)) tell('eventsWithoutEffect', count, { task, reason });
    for (const [kind, count] of Object.entries(reading.alerts)) tell('alerts', count, { task, kind });
    tell('lag', reading.lag, { task });
    if (reading.watermark !== -Infinity) tell('watermarkDelay', (nowMs - reading.watermark) / 1_000, { task });
    tell('stateKeys', reading.keys, { task });
    tell('dirtyKeys', reading.dirtyKeys, { task });
    tell('stateBytes', reading.stateBytes, { task });
    if (reading.replay !== null) {
      tell('replayEntries', reading.replay.entries, { task });
      tell('replaySeconds', reading.replay.ms / 1_000, { task });
    }
    for (const rule of reading.rules) {
      const attributes = { rule: this.rules.of(rule.rule) };
      tell('ruleEvaluations', rule.evaluations, attributes);
      tell('ruleHits', rule.hits, attributes);
      tell('ruleMuted', rule.muted, attributes);
      tell('ruleErrors', rule.errors, attributes);
      tell('ruleHalted', rule.halted ? 1 : 0, attributes);
      tell('ruleUnusableFacts', rule.missing, { ...attributes, reason: 'missing' });
      tell('ruleUnusableFacts', rule.wrongType, { ...attributes, reason: 'type' });
    }
  }
}

type Tell = (name: InstrumentName, value: number, attributes: Readonly<Record<string, string>>) => void;

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
