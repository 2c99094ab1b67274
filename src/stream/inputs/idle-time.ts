import type { PartitionTask } from '../../engine/task/partition-task.js';
import type { IdlePartition } from '../../engine/task/task-input.js';
import type { Bell, Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import type { OpenEntry } from '../tasks/open-entry.js';
import type { OpenInputs } from './open-inputs.js';
import type { SilenceCheck } from './silence-check.js';

/**
 * Wall time where a task's inputs are silent: which of them count as such, and how far the idle clocks have gone on. All of it becomes steps of
 * the journal, so that a replay takes it too.
 */
export class IdleTime {
  /** what the log is being asked for, or has answered, about those in doubt; nothing is taken meanwhile */
  private check: 'none' | 'asking' | 'confirmed' = 'none';
  private checkAgainAt = -Infinity;
  /** when the log was last asked and said that the silent inputs are, and whether it is being asked; wall time, epoch ms */
  private silentUntil = -Infinity;
  private confirming = false;
  private confirmAgainAt = -Infinity;

  /** @param lastTickAt wall time up to which the idle clocks have gone on, epoch ms */
  constructor(
    private readonly task: PartitionTask,
    private readonly inputs: OpenInputs,
    private readonly entry: OpenEntry,
    private readonly silence: SilenceCheck,
    private readonly clock: Clock,
    private readonly bell: Bell,
    private readonly limits: RunnerLimits,
    private lastTickAt: number,
  ) {}

  /** The log is asked about silences: nothing may be taken until it has answered. */
  get holds(): boolean {
    return this.check !== 'none';
  }

  /** Takes the steps that are due. @param moved whether something was taken since the last time */
  advance(moved: boolean): void {
    if (moved) this.checkAgainAt = -Infinity;
    this.settleDoubts();
    this.markIdleInputs();
    this.tickClocks();
  }

  /**
   * Who is silent is about to change: the time until now is theirs who were, as far as nothing falls due.
   * @param counted also where nobody waits for it: rules that are rebuilt from history go on from there
   */
  beforeChange(counted = this.task.hasOwnGroups): void {
    this.tickClocks(true, counted);
  }

  /** How long nothing of this is due, ms. @param now wall time, epoch ms */
  patience(now: number): number {
    let wait = Infinity;
    if (this.check === 'none' && this.task.doubted.length > 0) wait = this.checkAgainAt - now;
    const idleWait = this.task.nextIdleWaitMs;
    if (idleWait !== Infinity && !this.confirming && this.silenceHolds()) wait = Math.min(wait, Math.max(1, idleWait - (now - this.lastTickAt), this.confirmAgainAt - now));
    for (const { id, source, idleAfterMs, warm } of this.task.inputs) {
      const pump = this.inputs.pump(id);
      if (source === null || warm !== null || pump === undefined || this.task.isIdle(id) || !pump.isSilent(now)) continue;
      wait = Math.min(wait, pump.lastRecordAt + idleAfterMs - now);
    }
    return Math.max(1, wait);
  }

  /** An input that was read to its end and has been silent no longer holds the others' watermark back. */
  private markIdleInputs(): void {
    const now = this.clock.now();
    for (const { id, source, idleAfterMs, warm } of this.task.inputs) {
      const pump = this.inputs.pump(id);
      // history ends where its input stands, silent or not
      if (source === null || warm !== null || pump === undefined || this.task.isIdle(id)) continue;
      if (pump.isSilent(now) && now - pump.lastRecordAt >= idleAfterMs) this.markIdle(id);
    }
  }

  private markIdle(id: string): void {
    this.tickClocks(true);
    this.task.markIdle(id);
    this.entry.addIdle(id);
    this.noteStep();
  }

  private noteStep(): void {
    this.entry.note(this.clock.now(), this.task.hasVisibleEffects);
  }

  /**
   * Silent inputs and senders are left out of the watermark. Something that came on another may go ahead of what has been written to
   * them since, so the log is asked first; what it answers is a step like any other.
   */
  private settleDoubts(): void {
    if (this.check === 'asking') return;
    const doubted = this.task.doubted;
    if (this.check === 'confirmed') {
      this.check = 'none';
      for (const id of this.task.keyed ? this.entry.inputIds : doubted.map((one) => one.id)) this.markIdle(id);
      return;
    }
    if (doubted.length === 0 || this.clock.now() < this.checkAgainAt) return;
    const partitions = this.ownPositions(doubted);
    this.check = 'asking';
    void this.silence.holds(partitions).then((holds) => {
      this.check = holds ? 'confirmed' : 'none';
      this.checkAgainAt = holds ? -Infinity : this.clock.now() + this.limits.silenceCheckMs / 2;
      this.bell.ring();
    });
  }

  /**
   * Before the clocks set something off, the log is asked whether the inputs are silent still, or an alarm for want of an event would
   * only mean that nobody had looked.
   */
  private tickClocks(early = false, counted = false): void {
    const now = this.clock.now();
    if (!this.task.hasSilentLanes) {
      // who reads history has its silence before it
      if (!this.isRebuiltInSilence) this.lastTickAt = now;
      return;
    }
    if (!this.silenceHolds()) return;
    const wait = this.task.nextIdleWaitMs;
    const gone = Math.floor(now - this.lastTickAt);
    if (wait === Infinity) {
      if (early && counted) this.tick(gone);
      else if (early) this.lastTickAt = now;
      return;
    }
    if (early) this.tick(Math.min(gone, wait - 1));
    else if (gone >= wait) this.tickConfirmed(wait, now);
  }

  private get isRebuiltInSilence(): boolean {
    return this.task.warmingUp && this.task.inputs.every(({ id, warm }) => warm !== null || this.task.isIdle(id));
  }

  private tick(deltaMs: number): void {
    if (deltaMs <= 0) return;
    this.lastTickAt += deltaMs;
    this.task.tick(deltaMs);
    this.entry.addTick(deltaMs);
    this.noteStep();
  }

  /** Lets so much time pass as had when the log was asked; asks it where that is not enough. */
  private tickConfirmed(wait: number, now: number): void {
    const confirmed = Math.floor(this.silentUntil - this.lastTickAt);
    if (confirmed >= wait && confirmed > 0) return this.tick(confirmed);
    if (this.confirming || now < this.confirmAgainAt) return;
    this.confirming = true;
    void this.silence.holds(this.ownPositions(this.task.silent)).then((holds) => {
      this.confirming = false;
      if (holds) this.silentUntil = now;
      else this.confirmAgainAt = this.clock.now() + this.limits.silenceCheckMs / 2;
      this.bell.ring();
    });
  }

  /** A task knows best how far it has read its own inputs. */
  private ownPositions(partitions: readonly IdlePartition[]): readonly IdlePartition[] {
    return this.task.keyed ? partitions : partitions.map((one) => ({ ...one, readTo: this.inputs.positions.get(one.id) ?? one.readTo }));
  }

  private silenceHolds(): boolean {
    return this.inputs.areSilent((id) => this.task.keyed || this.task.isIdle(id));
  }
}
