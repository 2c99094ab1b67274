import type { ControlRecord } from '../../src/engine/control/control.js';
import type { PartitionTask } from '../../src/engine/task/partition-task.js';
import type { InputRecord } from '../../src/engine/task/task-input.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { encodeUtf8 } from '../../src/state/bytes.js';
import { drawRules, USERS, type RuleDocument } from '../simulation/task-scenario.js';
import type { SimulatedRandom } from '../simulation/simulated-random.js';

/** One step of a journal. */
export type Step =
  | { readonly kind: 'control'; readonly from: number; readonly to: number }
  | { readonly kind: 'take'; readonly id: string; readonly from: number; readonly to: number; repeats: readonly number[] }
  | { readonly kind: 'idle'; readonly id: string }
  | { readonly kind: 'tick'; readonly deltaMs: number };

type SourceName = 'pay' | 'login' | 'aux';
const TYPES: Readonly<Record<SourceName, readonly string[]>> = { pay: ['pay', 'pay', 'open', 'close', 'a', 'b'], login: ['login', 'logout'], aux: ['open', 'close'] };

/** What a task reads: events of three sources, and changes of sources, rules and lists. It grows as it is asked for. */
export class ReplayedInputs {
  readonly control: ControlRecord[] = [];
  private readonly rules: readonly RuleDocument[];
  private readonly definitions: Record<SourceName, Readonly<Record<string, JsonValue>>>;
  private readonly records: Readonly<Record<SourceName, InputRecord[]>> = { pay: [], login: [], aux: [] };
  private readonly versions = new Map<string, number>();
  private hasAux = false;
  private count = 0;
  private nowMs = 1_000_000;

  constructor(private readonly random: SimulatedRandom) {
    this.rules = drawRules(random, { velocityMs: random.pick([800, 2_000]), velocityOver: random.pick([1, 2]), sequenceMs: random.pick([1_000, 3_000]) });
    const definition = (topic: SourceName): Readonly<Record<string, JsonValue>> => ({
      topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' },
      disorder: random.pick([0, 300, 1_500]), idleAfter: random.pick([400, 2_000, 3_600_000]), ...(random.chance(0.3) ? { dedupe: 5_000 } : {}),
    });
    this.definitions = { pay: definition('pay'), login: definition('login'), aux: definition('aux') };
    this.declare('pay', 0);
    this.declare('login', 0);
    for (const rule of this.rules) if (random.chance(0.6)) this.putToWork(rule, 'active', false);
  }

  /** Adds a change to the control topic. */
  drawChange(): void {
    const { random } = this;
    const rule = random.pick(this.rules);
    switch (random.below(9)) {
      case 0:
        return void this.control.push({ kind: 'list', change: this.change(), name: 'watch', replace: false, set: [{ value: random.pick(USERS), expiresAt: null }], remove: [random.pick(USERS)] });
      case 1:
        return this.putToWork(rule, 'retired', false);
      case 2:
        return this.putToWork(rule, 'paused', false);
      case 3:
        return this.putToWork(rule, 'shadow', true);
      case 4:
        return this.changeAux();
      case 5: {
        const name = random.pick(['pay', 'login'] as const);
        this.definitions[name] = { ...this.definitions[name], disorder: random.pick([0, 300, 800]), idleAfter: random.pick([400, 2_000]) };
        return this.declare(name, 0);
      }
      default:
        return this.putToWork(rule, 'active', random.chance(0.4));
    }
  }

  /** Applies a step. @param positions next offset of each input, kept up to date @param live the task finds out itself which events are repetitions */
  apply(task: PartitionTask, step: Step, positions: Map<string, number>, live: boolean): void {
    switch (step.kind) {
      case 'control':
        for (let offset = step.from; offset < step.to; offset++) {
          task.applyControl(this.control[offset] as ControlRecord, offset, new Map(positions));
          followInputs(task, positions);
        }
        return;
      case 'idle':
        return task.markIdle(step.id);
      case 'tick':
        return task.tick(step.deltaMs);
      case 'take':
        task.useJournaledRepeats(live ? null : new Set(step.repeats));
        task.repeats.length = 0;
        for (let offset = step.from; offset < step.to; offset++) task.take(step.id, this.record(step.id.split('/')[0] as SourceName, offset));
        if (live) step.repeats = [...task.repeats];
        positions.set(step.id, step.to);
    }
  }

  private record(source: SourceName, offset: number): InputRecord {
    const records = this.records[source];
    while (records.length <= offset) records.push(this.drawRecord(source, records));
    return records[offset] as InputRecord;
  }

  private drawRecord(source: SourceName, before: readonly InputRecord[]): InputRecord {
    const { random } = this;
    const offset = before.length;
    const last = before[offset - 1];
    if (last !== undefined && random.chance(0.1)) return { ...last, offset };
    if (random.chance(0.4)) this.nowMs += random.between(0, 900);
    const disorderMs = this.definitions[source]['disorder'] as number;
    const back = disorderMs === 0 ? (random.chance(0.04) ? 1_000 : 0) : random.between(0, Math.floor(disorderMs * 1.1));
    const event = { id: `${source}-${++this.count}`, ts: this.nowMs - back, type: random.pick(TYPES[source]), card: random.pick(['c1', 'c2', 'c3']), user: random.pick(USERS), device: random.pick(['d1', 'd2']), amount: random.between(1, 100) };
    return { offset, timestampMs: this.nowMs, key: null, value: encodeUtf8(random.chance(0.01) ? '[]' : JSON.stringify(event)) };
  }

  private changeAux(): void {
    if (this.hasAux) this.control.push({ kind: 'source', change: this.change(), name: 'aux', definition: null, startOffsets: [0] });
    else this.declare('aux', this.records.aux.length);
    this.hasAux = !this.hasAux;
  }

  private declare(name: SourceName, startOffset: number): void {
    this.control.push({ kind: 'source', change: this.change(), name, definition: this.definitions[name], startOffsets: [startOffset] });
  }

  private putToWork(rule: RuleDocument, status: 'active' | 'shadow' | 'paused' | 'retired', anew: boolean): void {
    const version = (this.versions.get(rule.id) ?? 1) + (anew ? 1 : 0);
    this.versions.set(rule.id, version);
    this.control.push({ kind: 'rule', change: this.change(), ruleId: rule.id, version, status, document: { ...rule, ...(version > 1 ? { name: `version ${version}` } : {}) } });
  }

  private change(): { catalogue: string; number: number } {
    return { catalogue: 'c', number: this.control.length + 1 };
  }
}

/** Inputs that came begin where their source says, inputs that went are forgotten. */
function followInputs({ inputs }: PartitionTask, positions: Map<string, number>): void {
  for (const id of [...positions.keys()]) if (!inputs.some((input) => input.id === id)) positions.delete(id);
  for (const { id, startOffset } of inputs) if (!positions.has(id)) positions.set(id, startOffset);
}
