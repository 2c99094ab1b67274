import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { isLayoutKey, type StateRecord } from '../../src/engine/checkpoint/state-record.js';
import { decodeKeyRecord } from '../../src/state/checkpoint.js';

const CONTROL: readonly ControlRecord[] = [
  { kind: 'source', change: { catalogue: 'c', number: 1 }, name: 'events', definition: { topic: 'events', eventTime: { field: 'ts' }, type: { field: 'type' }, idleAfter: 1_000 }, startOffsets: [0] },
  {
    kind: 'rule', change: { catalogue: 'c', number: 2 }, ruleId: 'pair', version: 1, status: 'active',
    document: { id: 'pair', from: 'events', key: 'key', on: 'x', let: { n: { count: true, on: 'x', window: '10s' } }, when: { fact: 'n', operator: 'equal', value: 2 }, alert: { type: 'pair' } },
  },
];

interface Event {
  readonly seconds: number;
  readonly type: string;
  readonly key: string;
}

const x = (seconds: number, key: string): Event => ({ seconds, type: 'x', key });
/** Time goes on, and no key is touched. */
const time = (seconds: number): Event => ({ seconds, type: 'z', key: 'none' });

interface Entry {
  readonly events: readonly Event[];
  readonly floor: number;
  readonly time: Uint8Array;
}

/** A task, whoever owns it, and one that follows it: entry by entry, with the state topic as it is written. */
class Followed {
  readonly records = new Map<string, Uint8Array>();
  owner = this.empty();
  readonly follower = this.empty();
  private readonly entries: Entry[] = [];
  private adopted = 0;
  private offset = 0;

  private empty(): PartitionTask {
    const task = new PartitionTask({ number: 1, keyedPartitions: 1 });
    CONTROL.forEach((record, offset) => task.applyControl(record, offset));
    return task;
  }

  private get floor(): number {
    return this.entries[this.entries.length - 1]?.floor ?? 0;
  }

  /** One entry of the owner: events, so many keys, and the tombstones that the floor allows. @param adopts whether the follower takes its floor over */
  commit(keys: number, events: readonly Event[], adopts = true): readonly string[] {
    this.take(this.owner, events);
    const written = this.write(this.owner, keys);
    this.owner.sequence++;
    this.follower.sequence = this.entries.length - 1;
    this.take(this.follower, events);
    this.follower.sequence++;
    if (adopts) this.adopt();
    return written;
  }

  private take(task: PartitionTask, events: readonly Event[]): void {
    for (const { seconds, type, key } of events) task.takeParsed('events/0', { ts: seconds * 1_000, type, key }, this.offset++);
    task.takeEffects();
  }

  private write(task: PartitionTask, keys: number): readonly string[] {
    const before = this.floor;
    const records = [...task.flush(keys)];
    const { floor } = task;
    records.push(...task.takeTombstones(before));
    for (const { key, value } of records) {
      if (value === null) this.records.delete(key);
      else this.records.set(key, value);
    }
    this.entries.push({ events: [], floor, time: task.timeState() });
    return records.filter(({ key }) => !isLayoutKey(key)).map(tell);
  }

  adopt(): void {
    const last = this.entries.length - 1;
    if (this.adopted === last) return;
    this.follower.adoptFloor(this.floor, last, this.entries[this.adopted]?.floor ?? 0);
    this.adopted = last;
  }

  /** The owner has gone, everything of its own being written; another reads what there is. */
  anotherOwner(): void {
    while (this.owner.dirtyKeys > 0) this.commit(10, []);
    this.adopt();
    const { sequence } = this.owner;
    const task = this.empty();
    task.restoreTime((this.entries[this.entries.length - 1] as Entry).time);
    for (const [key, value] of this.records) if (!isLayoutKey(key)) task.restoreRecord(key, value);
    task.adoptRestored();
    task.sequence = sequence;
    task.finishReplay();
    this.owner = task;
    this.follower.sequence = sequence;
    this.follower.ownerChanged();
  }

  /** The follower is the owner now. */
  takeOver(): void {
    this.adopt();
    this.follower.finishReplay();
    this.owner = this.follower;
  }

  /** One entry of who has taken over. */
  commitOwn(keys: number): readonly string[] {
    const written = this.write(this.owner, keys);
    this.owner.sequence++;
    return written;
  }

  get standing(): readonly string[] {
    return [...this.records].filter(([key]) => !isLayoutKey(key)).map(([key, value]) => tell({ key, value }));
  }
}

function tell({ key, value }: StateRecord): string {
  const name = key.split('\n')[1] as string;
  return value === null ? `${name} tombstone` : decodeKeyRecord(value).parts.length === 0 ? `${name} empty` : name;
}

describe('a task that follows another', () => {
  it('writes nothing that its owner has written, and all that it has not', () => {
    const followed = new Followed();
    expect(followed.commit(10, [x(1, 'a')])).toEqual(['a']);
    expect(followed.commit(0, [x(1, 'b')])).toEqual([]);
    followed.takeOver();
    expect(followed.commitOwn(10)).toEqual(['b']);
  });

  it('writes a key once more that may have been changed since it was written', () => {
    const followed = new Followed();
    followed.commit(10, [x(1, 'a')]);
    // the floor stays at b's change, which is older than a's
    followed.commit(0, [x(1, 'b')]);
    followed.commit(0, [x(2, 'a')]);
    followed.takeOver();
    expect(followed.commitOwn(10)).toEqual(['b', 'a']);
  });

  it('writes the tombstone of a key that its owner has written as empty', () => {
    const followed = new Followed();
    followed.commit(10, [x(1, 'a')]);
    expect(followed.commit(10, [time(60)])).toEqual(['a empty']);
    followed.takeOver();
    // when it was written the follower does not know: it counts from the last entry
    expect([followed.commitOwn(10), followed.commitOwn(10)].flat()).toEqual(['a tombstone']);
    expect(followed.standing).toEqual([]);
  });

  it('writes none that its owner has certainly written', () => {
    const followed = new Followed();
    followed.commit(10, [x(1, 'a')]);
    followed.commit(10, [time(60)]);
    expect(followed.commit(10, [])).toEqual(['a tombstone']);
    followed.takeOver();
    expect([followed.commitOwn(10), followed.commitOwn(10)].flat()).toEqual([]);
  });

  it('writes none for a key that has come back', () => {
    const followed = new Followed();
    followed.commit(10, [x(1, 'a')]);
    followed.commit(10, [time(60)]);
    followed.takeOver();
    followed.owner.takeParsed('events/0', { ts: 61_000, type: 'x', key: 'a' }, 99);
    expect([followed.commitOwn(10), followed.commitOwn(10)].flat()).toEqual(['a']);
    expect(followed.standing).toEqual(['a']);
  });

  it('writes one again where another owner may have written the empty record anew', () => {
    const followed = new Followed();
    followed.commit(10, [x(1, 'a')]);
    followed.commit(10, [time(60)]);
    followed.anotherOwner();
    expect(followed.commit(0, [])).toEqual([]);
    followed.takeOver();
    expect([followed.commitOwn(10), followed.commitOwn(10), followed.commitOwn(10)].flat()).toEqual(['a empty', 'a tombstone']);
  });

  it('leaves the state topic as its owner would have, whenever it takes over', () => {
    const event = fc.record({ ahead: fc.nat(8), key: fc.constantFrom('a', 'b', 'c'), touches: fc.boolean() });
    const step = fc.record({ events: fc.array(event, { maxLength: 3 }), keys: fc.nat(2), adopts: fc.boolean(), another: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const followed = new Followed();
        let seconds = 0;
        for (const { events, keys, adopts, another } of steps) {
          followed.commit(keys, events.map(({ ahead, key, touches }) => ((seconds += ahead), touches ? x(seconds, key) : time(seconds))), adopts);
          if (another === 0) followed.anotherOwner();
        }
        const expected = followed.owner.snapshot().map(tell);
        followed.takeOver();
        expect(followed.owner.snapshot().map(tell)).toEqual(expected);
        for (let n = 0; n < 4; n++) followed.commitOwn(100);
        expect([...followed.standing].sort()).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});

/** A source whose events wait for 1 s, and fall silent after 1 s; a rule that fires for each. */
const WAITING: readonly ControlRecord[] = [
  { kind: 'source', change: { catalogue: 'c', number: 1 }, name: 'events', definition: { topic: 'events', eventTime: { field: 'ts' }, type: { field: 'type' }, disorder: 1_000, idleAfter: 1_000 }, startOffsets: [0] },
  {
    kind: 'rule', change: { catalogue: 'c', number: 2 }, ruleId: 'each', version: 1, status: 'active',
    document: { id: 'each', from: 'events', key: 'key', on: 'x', let: { n: { count: true, on: 'x', window: '10s' } }, when: { fact: 'n', operator: 'greaterThan', value: 0 }, alert: { type: 'each' } },
  },
];

describe('a task that is read from records ahead of its replay', () => {
  it('lets an event come when its time has come, though the idle clock had gone beyond that before the event was there', () => {
    const owner = waitingTask();
    const follower = waitingTask();
    const entries: readonly ((task: PartitionTask) => void)[] = [
      (task) => {
        task.takeParsed('events/0', { ts: 1_000, type: 'z', key: 'none' }, 0);
        task.markIdle('events/0');
        // the clock goes to 5 s
        task.tick(4_000);
      },
      // the clock is gone, the watermark comes to 2 s, and the event waits
      (task) => void task.takeParsed('events/0', { ts: 3_000, type: 'x', key: 'a' }, 1),
      (task) => {
        task.markIdle('events/0');
        // the clock goes to 3.5 s
        task.tick(500);
      },
    ];
    const records: StateRecord[] = [];
    const committed = entries.map((entry) => {
      entry(owner);
      if (owner.sequence === 1) records.push(...owner.flush(10));
      return alertsOf(owner);
    });
    for (const { key, value } of records) if (value !== null && !isLayoutKey(key)) follower.restoreRecord(key, value);
    follower.adoptRestored();
    const replayed = entries.map((entry) => {
      entry(follower);
      return alertsOf(follower);
    });
    expect({ committed, replayed }).toEqual({ committed: [[], [], ['a at 3000']], replayed: [[], [], ['a at 3000']] });
  });
});

function waitingTask(): PartitionTask {
  const task = new PartitionTask({ number: 1, keyedPartitions: 1 });
  WAITING.forEach((record, offset) => task.applyControl(record, offset));
  return task;
}

/** Ends an entry. @returns keys and times of its alerts */
function alertsOf(task: PartitionTask): readonly string[] {
  task.sequence++;
  return task.takeEffects().alerts.map(({ json }) => {
    const { key, at } = JSON.parse(json) as { readonly key: readonly string[]; readonly at: number };
    return `${key.join()} at ${at}`;
  });
}
