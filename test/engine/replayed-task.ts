import { keyHash } from '../../src/engine/alerts/alert-builder.js';
import { isLayoutKey } from '../../src/engine/checkpoint/state-record.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { SharedControl } from '../../src/stream/tasks/control-reader.js';
import { describeKeys, describeTime } from '../simulation/task-checks.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { ReplayedInputs, type Step } from './replayed-inputs.js';

interface Entry {
  readonly sequence: number;
  readonly writer: number;
  readonly steps: readonly Step[];
  readonly positions: ReadonlyMap<string, number>;
  readonly controlPosition: number;
  readonly time: Uint8Array;
  readonly floor: number;
  readonly digest: readonly number[];
}

/** A record of the state topic, and the entry with which its tombstone came. */
interface Stored {
  readonly value: Uint8Array;
  removedBy: number;
}

/** What a replay found that is not what was journaled. */
export class ReplayDiffers extends Error {
  override readonly name = 'ReplayDiffers';
}

/** A task that owners run one after the other, with its journal and state topic, and others that read it from any place on and follow. */
export class ReplayedTask {
  readonly random: SimulatedRandom;
  readonly inputs: ReplayedInputs;
  readonly state = new Map<string, Stored>();
  readonly entries: Entry[] = [];
  readonly counts = { openings: 0, replayed: 0, alerts: 0 };
  private owner: PartitionTask;
  private positions = new Map<string, number>();
  private writer = 0;
  private followers: Follower[] = [];
  private readonly awakeKeys: readonly number[];
  private readonly control = new SharedControl();

  constructor(seed: number) {
    this.random = new SimulatedRandom(seed);
    this.inputs = new ReplayedInputs(this.random);
    this.awakeKeys = this.random.pick([[0], [1], [10_000], [0, 1, 10_000]]);
    this.owner = this.newTask();
  }

  newTask(): PartitionTask {
    return new PartitionTask({ number: 1, keyedPartitions: 1, prepare: this.control.prepare, awakeKeysMax: this.random.pick(this.awakeKeys) });
  }

  /** @throws ReplayDiffers */
  run(entries: number): void {
    const { random } = this;
    while (this.entries.length < entries) {
      const entry = this.commit();
      this.followers = this.followers.filter((follower) => follower.take(entry));
      if (random.chance(0.35)) this.follow(Math.max(0, entry.sequence - random.pick([0, 0, 1, 2, 4])));
      if (random.chance(0.12)) this.handOver();
    }
    for (const follower of this.followers) follower.compareWith(this.owner);
  }

  // ------------------------------------------------------------------ the owner

  private commit(): Entry {
    const { random, owner, inputs } = this;
    const steps: Step[] = [];
    const run = (step: Step): void => {
      steps.push(step);
      inputs.apply(owner, step, this.positions, true);
    };
    const control = (to: number): void => run({ kind: 'control', from: owner.control.position, to });
    if (owner.control.position < inputs.control.length && random.chance(0.7)) control(random.between(owner.control.position + 1, inputs.control.length));
    for (let n = random.between(0, 4); n > 0; n--) {
      this.drawSteps(run);
      if (!random.chance(0.06)) continue;
      inputs.drawChange();
      control(inputs.control.length);
    }
    return this.write(steps);
  }

  private drawSteps(run: (step: Step) => void): void {
    const { random } = this;
    const ids = this.owner.inputs.map(({ id }) => id);
    if (ids.length === 0) return;
    const kind = random.below(8);
    if (kind > 1) {
      const id = random.pick(ids);
      const from = this.positions.get(id) ?? 0;
      return run({ kind: 'take', id, from, to: from + random.between(1, 4), repeats: [] });
    }
    for (const id of kind === 0 ? [random.pick(ids)] : ids) run({ kind: 'idle', id });
    run({ kind: 'tick', deltaMs: random.pick([1, 50, 400, 1_500, 4_000]) });
  }

  /** Some changed keys go with the entry, none or all. */
  private write(steps: readonly Step[]): Entry {
    const { owner, entries } = this;
    const { sequence } = owner;
    const { digest, alerts } = owner.takeEffects();
    owner.takeFrames(this.positions);
    const records = owner.flush(this.random.pick([0, 1, 1, 2, 2, 3, 100]));
    const { floor } = owner;
    for (const { key, value } of [...records, ...owner.takeTombstones(entries[sequence - 1]?.floor ?? 0)]) {
      const known = this.state.get(key);
      if (value !== null) this.state.set(key, { value, removedBy: Infinity });
      else if (known !== undefined) known.removedBy = sequence;
    }
    const entry: Entry = { sequence, writer: this.writer, steps, positions: new Map(this.positions), controlPosition: owner.control.position, time: owner.timeState(), floor, digest: [...digest] };
    entries.push(entry);
    owner.sequence++;
    this.counts.alerts += alerts.length;
    return entry;
  }

  // ------------------------------------------------------------------ others

  /** Somebody saw the journal up to an entry, then the state topic as it is now, and follows. */
  private follow(seen: number): void {
    const follower = new Follower(this, seen, false);
    if (!this.entries.slice(seen + 1).every((entry) => follower.take(entry))) return;
    this.followers.push(follower);
    if (this.followers.length > 4) this.followers.splice(this.random.below(this.followers.length), 1);
  }

  /** Who follows, or who reads all anew, is the owner from now on. */
  private handOver(): void {
    const { random, followers } = this;
    const next = followers.length > 0 && random.chance(0.5) ? followers.splice(random.below(followers.length), 1)[0] : undefined;
    const { task, positions } = (next ?? new Follower(this, this.entries.length - 1, true)).finish();
    this.owner = task;
    this.positions = positions;
    this.writer++;
  }
}

/** Reads a task and replays what comes, as `TaskFollower` does with what a log gives it. */
class Follower {
  readonly task: PartitionTask;
  readonly positions: Map<string, number>;
  private readonly ahead = new Map<number, number>();
  private aheadTo = -1;
  private taken: Entry | null = null;
  private adopted: Entry | null = null;
  private readonly slots: number;
  private readonly floor: number;

  /** @param seen sequence of the last entry that was seen before the state topic was read */
  constructor(
    private readonly of: ReplayedTask,
    private readonly seen: number,
    private readonly fenced: boolean,
  ) {
    of.counts.openings++;
    const task = (this.task = of.newTask());
    this.floor = of.entries[seen]?.floor ?? 0;
    const base = of.entries[this.floor - 1];
    // a tombstone counts once the journal was read behind it
    const records = of.random.shuffled([...of.state].filter(([, { removedBy }]) => removedBy > seen));
    for (const [key, { value }] of records) if (isLayoutKey(key)) task.restoreLayout(value);
    this.slots = task.layout.size;
    of.inputs.apply(task, { kind: 'control', from: 0, to: base?.controlPosition ?? 0 }, new Map(), false);
    this.positions = new Map(base?.positions);
    if (base !== undefined) task.restoreTime(base.time);
    for (const [key, { value }] of records) this.restore(key, value);
    task.adoptRestored();
    for (const entry of of.entries.slice(this.floor, seen + 1)) this.replay(entry);
    task.sequence = seen + 1;
    this.settleRestored();
  }

  private restore(key: string, value: Uint8Array): void {
    const head = this.task.restoreRecord(key, value);
    if (head === null || head.sequence < this.floor) return;
    const hash = keyHash(head.group, head.key);
    this.ahead.set(hash, Math.max(this.ahead.get(hash) ?? -1, head.sequence));
    this.aheadTo = Math.max(this.aheadTo, head.sequence);
  }

  /** @returns `false` where it is of no use any more, since rules read fields that the state topic did not name */
  take(entry: Entry): boolean {
    this.replay(entry);
    if (this.task.layout.size !== this.slots) return false;
    if (this.of.random.chance(0.5)) this.adoptFloor();
    this.settleRestored();
    return true;
  }

  /** Its place in the journal is the last. */
  finish(): this {
    this.adoptFloor();
    this.task.finishReplay();
    return this;
  }

  /** Where no record is ahead, it is what the owner is. */
  compareWith(owner: PartitionTask): void {
    if (this.aheadTo !== Infinity) return;
    const describe = (task: PartitionTask): readonly string[] => [...describeKeys(task), ...describeTime(task)];
    this.require(describe(this.task).join('\n'), describe(owner).join('\n'), 'the end');
  }

  private replay(entry: Entry): void {
    const { task, of } = this;
    if (this.taken !== null && this.taken.writer !== entry.writer) {
      this.adoptFloor();
      task.sequence = entry.sequence;
      task.ownerChanged();
    }
    task.sequence = entry.sequence;
    for (const step of entry.steps) of.inputs.apply(task, step, this.positions, false);
    const { digest } = task.takeEffects();
    task.takeFrames(entry.positions);
    task.adoptFailures(entry.time);
    this.require(this.comparable(digest, entry.sequence), this.comparable(entry.digest, entry.sequence), `entry ${entry.sequence}`);
    this.taken = entry;
    task.sequence++;
    of.counts.replayed++;
  }

  private require(found: string, expected: string, where: string): void {
    if (found !== expected) throw new ReplayDiffers(`read from entry ${this.floor} on when ${this.seen} was the last${this.fenced ? ', behind a fence' : ''}: at ${where} found\n${found}\nexpected\n${expected}`);
  }

  /** Alerts of keys that are not ahead, as text that does not depend on order. */
  private comparable(digest: ArrayLike<number>, sequence: number): string {
    const alerts: string[] = [];
    for (let i = 0; i < digest.length; i += 3) if ((this.ahead.get(digest[i] as number) ?? -1) < sequence) alerts.push(`${digest[i]}:${digest[i + 1]}:${digest[i + 2]}`);
    return alerts.sort().join(' ');
  }

  private adoptFloor(): void {
    if (this.taken === null || this.taken === this.adopted) return;
    this.task.adoptFloor(this.taken.floor, this.taken.sequence, this.adopted?.floor ?? 0);
    this.adopted = this.taken;
  }

  private settleRestored(): void {
    if (this.aheadTo === Infinity || this.task.sequence <= this.aheadTo) return;
    this.task.dropUnclaimed();
    this.ahead.clear();
    this.aheadTo = Infinity;
  }
}
