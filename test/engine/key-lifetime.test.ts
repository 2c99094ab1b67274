import { describe, expect, it } from '@jest/globals';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { isLayoutKey, type StateRecord } from '../../src/engine/checkpoint/state-record.js';
import { engineLimits } from '../../src/engine/limits.js';
import type { JsonValue } from '../../src/event/stream-event.js';

type Status = 'active' | 'shadow' | 'paused' | 'retired';

const RULES: Readonly<Record<string, JsonValue>> = {
  pair: { id: 'pair', from: 'events', key: 'key', on: 'x', let: { n: { count: true, on: 'x', window: '10s' } }, when: { fact: 'n', operator: 'equal', value: 2 }, alert: { type: 'pair' } },
  sequence: { id: 'sequence', from: 'events', key: 'key', pattern: { stages: [{ as: 'x', on: 'x' }, { as: 'y', on: 'y' }], within: '10s' }, alert: { type: 'sequence' } },
  absence: { id: 'absence', from: 'events', key: 'key', pattern: { stages: [{ as: 'x', on: 'x' }, { absent: { on: 'y' }, for: '10s' }] }, alert: { type: 'absence' } },
  other: { id: 'other', from: 'events', key: 'key', on: 'x', let: { n: { count: true, on: 'x', window: '5s' } }, when: { fact: 'n', operator: 'equal', value: 99 }, alert: { type: 'other' } },
  devices: { id: 'devices', from: 'events', key: 'key', on: 'x', let: { n: { distinct: 'device', window: '100s' } }, when: { fact: 'n', operator: 'equal', value: 99 }, alert: { type: 'devices' } },
  mutesLong: { id: 'mutes', from: 'events', key: 'key', on: 'x', when: { fact: 'ts', operator: 'greaterThan', value: 0 }, policy: { fire: { once: '100s', per: ['device'] } }, alert: { type: 'mutes' } },
  mutesShort: { id: 'mutes', from: 'events', key: 'key', on: 'x', when: { fact: 'ts', operator: 'greaterThan', value: 0 }, policy: { fire: { once: '10s', per: ['device'] } }, alert: { type: 'mutes' } },
  long: { id: 'long', from: 'events', key: 'key', on: 'x', let: { n: { count: true, on: 'x', window: '100s' } }, when: { fact: 'n', operator: 'equal', value: 99 }, alert: { type: 'long' } },
};

/** One source task, driven step by step; what it writes is kept as the state topic would. */
class Driven {
  task: PartitionTask;
  readonly records = new Map<string, Uint8Array>();
  readonly alerts: string[] = [];
  private readonly control: ControlRecord[] = [];
  private offset = 0;
  private time: Uint8Array | null = null;

  constructor(disorder: number, ...rules: readonly string[]) {
    this.task = new PartitionTask({ number: 1, keyedPartitions: 1 });
    this.apply({ kind: 'source', change: this.next(), name: 'events', definition: { topic: 'events', eventTime: { field: 'ts' }, type: { field: 'type' }, disorder, idleAfter: 1_000 }, startOffsets: [0] });
    for (const rule of rules) this.rule(rule, 'active');
  }

  rule(name: string, status: Status, version = 1): void {
    const document = RULES[name] as JsonValue & { readonly id: string };
    this.apply({ kind: 'rule', change: this.next(), ruleId: document.id, version, status, document });
  }

  push(seconds: number, type: string, key = 'a', device: unknown = null): void {
    this.task.takeParsed('events/0', { ts: seconds * 1_000, type, key, device: device as JsonValue }, this.offset++);
    this.note();
  }

  /** The source is silent for so long. */
  silence(seconds: number): void {
    this.task.markIdle('events/0');
    this.task.tick(seconds * 1_000);
    this.note();
  }

  /** One journal entry, with so many keys written and the tombstones that a floor allows. */
  commit(keys: number, floor = this.task.sequence): readonly StateRecord[] {
    const written = [...this.task.flush(keys), ...this.task.takeTombstones(floor)];
    for (const { key, value } of written) {
      if (value === null) this.records.delete(key);
      else this.records.set(key, value);
    }
    this.time = this.task.timeState();
    this.task.sequence++;
    return written;
  }

  /** Opens the task from what is written, without a replay: everything must have been written. */
  reopen(): void {
    const { sequence } = this.task;
    this.task = new PartitionTask({ number: 1, keyedPartitions: 1 });
    for (const [key, value] of this.records) if (isLayoutKey(key)) this.task.restoreLayout(value);
    this.control.forEach((record, offset) => this.task.applyControl(record, offset));
    if (this.time !== null) this.task.restoreTime(this.time);
    for (const [key, value] of this.records) this.task.restoreRecord(key, value);
    this.task.adoptRestored();
    this.task.sequence = sequence;
    this.task.finishReplay();
  }

  get keysWritten(): readonly string[] {
    return [...this.records.keys()].filter((key) => !isLayoutKey(key));
  }

  private next(): ControlRecord['change'] {
    return { catalogue: 'c', number: this.control.length + 1 };
  }

  private apply(record: ControlRecord): void {
    this.control.push(record);
    this.task.applyControl(record, this.control.length - 1);
    this.note();
  }

  private note(): void {
    for (const { ruleId, json } of this.task.takeEffects().alerts) this.alerts.push(`${ruleId} ${(JSON.parse(json) as { at: number }).at / 1_000}`);
  }
}

describe('how long a key lives', () => {
  it('a window is not emptied by the idle clock: an event after a silence finds what lies within its own time', () => {
    const driven = new Driven(0, 'pair');
    driven.push(1, 'x');
    driven.silence(60);
    driven.push(9, 'x');
    expect(driven.alerts).toEqual(['pair 9']);
  });

  it('nor is a sequence ended by it, while an absence is found', () => {
    const driven = new Driven(0, 'sequence', 'absence');
    driven.push(1, 'x');
    driven.silence(60);
    driven.push(9, 'y');
    expect(driven.alerts).toEqual(['absence 11', 'sequence 9']);
  });

  it('the deadline of a paused rule passes in silence, and does not come back when it runs again', () => {
    const driven = new Driven(0, 'absence');
    driven.push(1, 'x');
    driven.rule('absence', 'paused');
    driven.push(30, 'z');
    driven.rule('absence', 'active');
    driven.push(60, 'z');
    expect(driven.alerts).toEqual([]);
  });

  it('a key with an event that waits goes on when all else of it has expired', () => {
    const driven = new Driven(20_000, 'pair', 'other');
    driven.push(1, 'x');
    driven.push(24, 'z');
    driven.push(23, 'x');
    driven.push(40, 'z');
    driven.push(60, 'z');
    expect(driven.alerts).toEqual([]);
  });

  for (const writes of [false, true]) {
    it(`what a retired rule kept is not found when it comes back, ${writes ? 'written meanwhile' : 'untouched meanwhile'}`, () => {
      const driven = new Driven(0, 'pair', 'other');
      driven.push(1, 'x');
      driven.rule('pair', 'retired');
      if (writes) driven.commit(10);
      driven.rule('pair', 'active', 2);
      driven.push(2, 'x');
      driven.push(3, 'x');
      expect(driven.alerts).toEqual(['pair 3']);
    });
  }

  it('a key of which a change of rules leaves nothing lives no longer than what comes to it then', () => {
    const driven = new Driven(0, 'long', 'other');
    driven.push(1, 'x');
    driven.rule('long', 'retired');
    driven.push(11, 'x');
    expect(driven.task.snapshot().map(({ key }) => key)).toEqual(['events|key|0\na']);
    driven.push(20, 'z', 'b');
    expect(driven.task.snapshot().map(({ key }) => key)).toEqual([]);
  });

  it('a key of which a failing rule has left less lives no longer than that', () => {
    const driven = new Driven(0, 'devices', 'other');
    driven.push(1, 'x', 'a', 'd1');
    // something that no event from a log can be
    driven.push(11, 'x', 'a', { toJSON: () => { throw new TypeError('not to be compared'); } });
    expect(driven.task.snapshot().map(({ key }) => key)).toEqual(['events|key|0\na']);
    driven.push(20, 'z', 'b');
    expect(driven.task.snapshot().map(({ key }) => key)).toEqual([]);
  });

  it('a key whose long mutes have made room for short ones lives no longer than those', () => {
    const driven = new Driven(0, 'mutesLong');
    for (let i = 0; i < engineLimits.firedPerMax; i++) driven.push(1, 'x', 'a', `long ${i}`);
    driven.rule('mutesShort', 'active', 2);
    for (let i = 0; i < engineLimits.firedPerMax; i++) driven.push(2, 'x', 'a', `short ${i}`);
    expect(driven.alerts.length).toBe(2 * engineLimits.firedPerMax);
    expect(driven.task.snapshot().map(({ key }) => key)).toEqual(['events|key|0\na']);
    driven.push(20, 'z', 'b');
    expect(driven.task.snapshot().map(({ key }) => key)).toEqual([]);
  });

  it('a key that expires leaves an empty record, then nothing, also over a restart', () => {
    const driven = new Driven(0, 'pair');
    driven.push(1, 'x');
    driven.commit(10);
    driven.push(30, 'z', 'b');
    expect(driven.commit(10).map(({ key, value }) => [key, value !== null])).toEqual([['events|key|0\na', true]]);
    driven.reopen();
    driven.commit(10);
    driven.commit(10);
    expect(driven.keysWritten).toEqual([]);
  });

  it('a key that comes back before its tombstone keeps its record', () => {
    const driven = new Driven(0, 'pair');
    driven.push(1, 'x');
    driven.commit(10);
    driven.push(30, 'z', 'b');
    driven.commit(10);
    driven.push(31, 'x');
    driven.commit(10);
    driven.commit(10);
    driven.reopen();
    driven.push(32, 'x');
    expect(driven.alerts).toEqual(['pair 32']);
  });

  it('a group that goes and comes back writes one record of a key, of what it is then', () => {
    const driven = new Driven(0, 'pair');
    driven.push(1, 'x');
    driven.commit(10);
    driven.rule('pair', 'retired');
    driven.rule('pair', 'active', 2);
    driven.push(2, 'x');
    driven.commit(1);
    expect(driven.task.dirtyKeys).toBe(0);
    driven.reopen();
    driven.push(3, 'x');
    expect(driven.alerts).toEqual(['pair 3']);
  });
});
