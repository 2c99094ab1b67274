import { ControlState } from '../engine/control/control-state.js';
import type { ControlRecord } from '../engine/control/control.js';
import { planTopology, runsInKeyedTasks } from '../engine/control/topology.js';
import type { JsonValue } from '../event/stream-event.js';
import type { PreparedRule } from '../rules/compile-rule.js';

/** The fold of the control topic up to some place, and which task numbers have work there. */
export class NeededTasks {
  readonly control: ControlState;
  private keyedNeeded = false;

  constructor(
    private readonly keyedPartitions: number,
    prepare?: (document: JsonValue) => PreparedRule | null,
  ) {
    this.control = new ControlState(keyedPartitions, prepare);
  }

  /** Keyed tasks are needed from the first rule on that runs in them, also after its end: what was sent to them is theirs to read. */
  apply(record: ControlRecord, offset: number): void {
    const { control } = this;
    control.apply(record, offset);
    if (this.keyedNeeded) return;
    if (record.kind === 'source') this.keyedNeeded = planTopology(control).groups.some((group) => group.partitionSet === null);
    if (record.kind !== 'rule') return;
    const rule = control.rule(record.ruleId, record.version);
    this.keyedNeeded = rule !== undefined && runsInKeyedTasks(rule, control);
  }

  get numbers(): readonly number[] {
    const keyed = this.keyedNeeded ? Array.from({ length: this.keyedPartitions }, (_, n) => n) : [];
    const sources = Array.from({ length: this.control.taskCount - this.keyedPartitions }, (_, n) => this.keyedPartitions + n);
    return [...keyed, ...sources];
  }
}
