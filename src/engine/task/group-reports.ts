import { present } from '../../event/assert.js';
import type { EngineError } from '../../event/engine-error.js';
import type { EventRecord } from '../events/event-record.js';
import { buildAlert, type Firing } from '../alerts/alert-builder.js';
import type { GroupHost } from '../groups/group-host.js';
import type { KeyState } from '../groups/key-state.js';
import { engineLimits } from '../limits.js';
import type { RunningRule } from '../groups/running-rule.js';
import type { Arrangement } from './arrangement.js';
import type { ControlState } from '../control/control-state.js';
import { DirtyQueue } from '../checkpoint/dirty-queue.js';
import type { RuleNotes } from './rule-notes.js';
import type { TaskOutput } from './task-output.js';

/** What the groups of a task tell it while they run: what fired, what failed, what is put aside, and which keys have changed. */
export class GroupReports implements GroupHost {
  sequence = 0;
  readonly leaving = new Map<string, KeyState>();
  /** keys that have changed since they were last written */
  readonly dirty = new DirtyQueue();
  /** `false`: no key is ever written, so none is noted as changed */
  recorded = true;
  awakeKeysMax: number = engineLimits.awakeKeysMax;

  constructor(
    private readonly output: TaskOutput,
    private readonly notes: RuleNotes,
    private readonly control: ControlState,
    /** where the groups are: it comes after their host */
    private readonly arrangement: () => Arrangement,
  ) {}

  markDirty(state: KeyState): void {
    if (this.recorded) this.dirty.mark(state, this.sequence);
  }

  emit(groupId: string, firing: Firing): void {
    const { live, program } = firing.rule;
    const start = this.notes.startOf(live);
    const alert = buildAlert(firing, firing.at - program.horizonMs >= start && start !== -Infinity);
    this.output.alert(groupId, alert);
    if (alert.kind !== 'signal') return;
    const { groups, router } = this.arrangement();
    const level = present(groups.get(groupId), 'a group that fires is hosted').plan.level;
    router.signal(firing, alert, level + 1, this.control.position);
  }

  fail({ live }: RunningRule, at: number, error: unknown): void {
    this.notes.fail(live, at, error);
  }

  lateForKey(groupId: string, event: EventRecord): void {
    this.output.lateForKey(groupId, event);
  }

  refuse(event: EventRecord, error: EngineError): void {
    this.output.refuse(event, error);
  }
}
