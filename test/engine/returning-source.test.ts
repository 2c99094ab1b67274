import { describe, expect, it } from '@jest/globals';
import { isLayoutKey } from '../../src/engine/checkpoint/state-record.js';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { encodeUtf8 } from '../../src/state/bytes.js';

const IDLE_AFTER_MS = 1_000;
const warm = { id: 'r', from: ['pay', 'aux'], key: 'card', alert: { type: 'r' }, onChange: 'warmup' };
const silence = { ...warm, pattern: { stages: [{ as: 'opened', on: 'open' }, { absent: { on: 'close' }, for: '10s', resolve: true }] } };
const counting = (rest: object = {}): object => ({ ...warm, let: { n: { count: true, window: '60s' } }, when: { fact: 'n', operator: 'equal', value: 3 }, ...rest });

const source = (name: string, startOffsets: readonly number[]): object => ({ kind: 'source', name, definition: { topic: name, eventTime: { field: 'ts' }, type: { field: 'type' }, idleAfter: IDLE_AFTER_MS }, startOffsets });
const deleted = (name: string): object => ({ kind: 'source', name, definition: null, startOffsets: [] });
const version = (document: object, number: number, status = 'active'): object => ({ kind: 'rule', ruleId: (document as typeof warm).id, version: number, status, document });

/** Control records, each with the offset at which it stands. */
class Changes {
  readonly records: ControlRecord[] = [];

  add(record: object): number {
    return this.records.push({ ...record, change: { catalogue: 'c', number: this.records.length + 1 } } as ControlRecord) - 1;
  }

  applyTo(task: PartitionTask, from = 0, positions?: ReadonlyMap<string, number>): void {
    this.records.slice(from).forEach((record, i) => task.applyControl(record, from + i, positions));
  }
}

/** The task of `pay` and `aux`, a partition each: one that is opened anew from what it has written after every step, if it is to be. */
class World {
  private readonly changes = new Changes();
  private readonly topics: Record<string, Uint8Array[]> = { pay: [], aux: [] };
  private readonly positions = new Map<string, number>();
  private readonly records = new Map<string, Uint8Array>();
  private readonly said: string[] = [];
  private task = new PartitionTask({ number: 1, keyedPartitions: 1 });

  constructor(private readonly restarts: boolean) {
    this.apply(source('pay', [0]));
    this.apply(source('aux', [0]));
  }

  /** A source begins at its topic's end again. */
  declare(name: string): void {
    this.apply(source(name, [this.topics[name]?.length ?? 0]));
  }

  delete(name: string): void {
    this.apply(deleted(name));
  }

  /** A change, and what it has read of history. */
  apply(record: object): void {
    this.changes.applyTo(this.task, this.changes.add(record), this.positions);
    this.goOn();
    for (const { id, warm } of this.task.inputs) {
      if (warm === null) continue;
      this.read(id, warm.inputId);
      this.task.join(id);
      this.goOn();
    }
  }

  push(name: string, seconds: number, type: string, card = 'a'): void {
    this.topics[name]?.push(encodeUtf8(JSON.stringify({ ts: seconds * 1_000, type, card })));
    this.read(`${name}/0`);
    this.goOn();
  }

  /** Nothing comes for so long. */
  wait(seconds: number): void {
    for (const { id } of this.task.inputs) this.task.markIdle(id);
    this.task.tick(seconds * 1_000 - IDLE_AFTER_MS);
    this.goOn();
  }

  /** @returns version, second, card, and kind where it is not an alert */
  get alerts(): string[] {
    return this.said.map((json) => {
      const { version, at, key, kind } = JSON.parse(json) as { readonly version: number; readonly at: number; readonly key: readonly string[]; readonly kind: string };
      return `v${version} ${at / 1_000} ${key[0]}${kind === 'alert' ? '' : ` ${kind}`}`;
    });
  }

  private read(inputId: string, of = inputId): void {
    const { startOffset = 0 } = this.task.inputs.find(({ id }) => id === inputId) ?? {};
    const records = this.topics[of.split('/')[0] as string] ?? [];
    for (let offset = this.positions.get(inputId) ?? startOffset; offset < records.length; offset++) {
      this.positions.set(inputId, offset + 1);
      this.task.take(inputId, { offset, timestampMs: null, key: null, value: records[offset] as Uint8Array });
    }
  }

  private goOn(): void {
    this.said.push(...this.task.takeEffects().alerts.map(({ json }) => json));
    const open = new Set(this.task.inputs.map(({ id }) => id));
    for (const id of this.positions.keys()) if (!open.has(id)) this.positions.delete(id);
    if (!this.restarts) return;
    const { task, records } = this;
    for (const { key, value } of task.flush(Infinity)) if (value !== null) records.set(key, value);
    for (const { key } of task.takeTombstones(task.sequence + 1)) records.delete(key);
    this.task = new PartitionTask({ number: 1, keyedPartitions: 1 });
    for (const [key, value] of records) if (isLayoutKey(key)) this.task.restoreLayout(value);
    this.changes.applyTo(this.task);
    this.task.restoreTime(task.timeState());
    for (const [key, value] of records) this.task.restoreRecord(key, value);
    this.task.adoptRestored();
    this.task.sequence = task.sequence + 1;
  }
}

/** What comes out, which must not depend on restarts. */
function run(steps: (world: World) => void): string[] {
  const [straight, restarted] = [new World(false), new World(true)];
  steps(straight);
  steps(restarted);
  expect(restarted.alerts).toEqual(straight.alerts);
  return straight.alerts;
}

describe('a rule that was rebuilt from history, when a source that it reads is deleted and declared again', () => {
  it('says nothing again that it said while the source was there, and knows what it said', () => {
    expect(
      run((world) => {
        world.apply(version(silence, 2));
        world.push('pay', 1, 'open');
        world.wait(20);
        world.delete('aux');
        world.declare('aux');
        world.wait(20);
        world.push('pay', 50, 'close');
        world.wait(20);
      }),
    ).toEqual(['v2 11 a', 'v2 50 a resolved']);
  });

  it('says nothing again that the version before it said, which it took the place of meanwhile', () => {
    expect(
      run((world) => {
        world.apply(version(silence, 2));
        world.push('pay', 1, 'open');
        world.wait(20);
        world.delete('aux');
        world.apply(version(silence, 3));
        world.apply(version(silence, 4));
        world.declare('aux');
        world.wait(20);
        world.push('pay', 50, 'open');
        world.wait(20);
      }),
    ).toEqual(['v2 11 a', 'v4 60 a']);
  });

  it('says nothing again that it said in shadow, when it is promoted meanwhile', () => {
    expect(
      run((world) => {
        world.apply(version(silence, 2, 'shadow'));
        world.push('pay', 1, 'open');
        world.wait(20);
        world.delete('aux');
        world.apply(version(silence, 2));
        world.declare('aux');
        world.wait(20);
      }),
    ).toEqual(['v2 11 a']);
  });

  it('says nothing again when the source goes twice', () => {
    expect(
      run((world) => {
        world.apply(version(silence, 2));
        world.push('pay', 1, 'open');
        world.wait(20);
        for (let n = 0; n < 2; n++) {
          world.delete('aux');
          world.declare('aux');
        }
        world.wait(20);
      }),
    ).toEqual(['v2 11 a']);
  });

  it('says nothing of what came before it, where others begin anew with the source', () => {
    expect(
      run((world) => {
        for (const id of ['r', 'other']) world.apply(version(counting({ id, onChange: 'keep', on: 'y' }), 1));
        for (let n = 0; n < 3; n++) world.push('pay', 1, 'x');
        world.delete('aux');
        world.apply(version(counting(), 2));
        world.declare('aux');
        world.push('pay', 2, 'x');
        world.wait(20);
      }),
    ).toEqual([]);
  });

  it('counts what went by while it was away, and does not say it', () => {
    expect(
      run((world) => {
        world.apply(version(counting(), 2));
        for (const card of ['a', 'b']) world.push('pay', 1, 'x', card);
        world.delete('aux');
        for (const card of ['a', 'b', 'b']) world.push('pay', 2, 'x', card);
        world.declare('aux');
        world.push('aux', 3, 'x', 'a');
        world.wait(20);
      }),
    ).toEqual(['v2 3 a']);
  });

  it('does not take what was on its way to it when the source went: that is history, which is read again', () => {
    const changes = new Changes();
    for (const name of ['pay', 'aux']) changes.add(source(name, [0, 0]));
    changes.add(version(counting(), 1));
    const [keyed, pay] = [new PartitionTask({ number: 0, keyedPartitions: 1 }), new PartitionTask({ number: 1, keyedPartitions: 1 })];
    for (const task of [keyed, pay]) changes.applyTo(task);
    const record = { offset: 0, timestampMs: null, key: null, value: encodeUtf8('{"ts":1000,"type":"x","card":"a"}') };
    pay.take('pay/0', record);
    const onTheirWay = pay.takeFrames(new Map([['pay/0', 1]]));
    changes.add(deleted('aux'));
    changes.add(source('aux', [0, 0]));
    for (const task of [keyed, pay]) changes.applyTo(task, 3, new Map([['pay/0', 1]]));
    const history = pay.inputs.find(({ warm }) => warm !== null)?.id ?? '';
    pay.take(history, record);
    pay.join(history);
    for (const { value } of [...onTheirWay, ...pay.takeFrames(new Map([['pay/0', 1]]))]) keyed.take('rekey/0', { ...record, value });
    expect(keyed.groupOfRule('r')?.explain('r', 'a')).toMatchObject({ waitingEvents: 1 });
  });
});
