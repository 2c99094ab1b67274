import { SlotLayout } from '../../event/slot-layout.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { PreparedRule } from '../../rules/compile-rule.js';
import type { Observer } from '../explain/observation.js';
import { Arrangement } from './arrangement.js';
import { ControlState } from '../control/control-state.js';
import { EventIntake, type OwnsKey } from './event-intake.js';
import { GroupReports } from './group-reports.js';
import { KeyRecords } from '../checkpoint/key-records.js';
import { RestoredKeys } from '../checkpoint/restored-keys.js';
import { Router } from '../rekey/router.js';
import { engineLimits } from '../limits.js';
import { RuleCompiler } from './rule-compiler.js';
import { RuleNotes } from './rule-notes.js';
import { TaskOutput } from './task-output.js';
import { TaskTime } from '../time/task-time.js';
import { WarmUps } from './warm-ups.js';

export interface TaskOptions {
  readonly number: number;
  /** how many keyed tasks there are; they have the first numbers */
  readonly keyedPartitions: number;
  /** `false` runs patterns on the general matcher, and reads events with JSON.parse */
  readonly fast?: boolean;
  /** `false`: no key is ever written, so changes are not noted and what has gone is forgotten at once: for bounded runs */
  readonly recorded?: boolean;
  /** which keys it runs: for one of several that read the same input and share its keys. Time is that of all events. Default: all */
  readonly owns?: OwnsKey;
  /** keys of a group that are objects; more are kept as bytes. Default: `engineLimits.awakeKeysMax` */
  readonly awakeKeysMax?: number;
  /** told what each rule makes of each event: for simulation, at a cost */
  readonly observer?: Observer;
  /** default: `prepareRule`; tasks of one process share one that remembers */
  readonly prepare?: (document: JsonValue) => PreparedRule | null;
}

/** What a task is put together from. */
export interface TaskParts {
  readonly control: ControlState;
  readonly layout: SlotLayout;
  readonly output: TaskOutput;
  readonly notes: RuleNotes;
  readonly warmUps: WarmUps;
  readonly reports: GroupReports;
  readonly arrangement: Arrangement;
  readonly keys: KeyRecords;
  readonly intake: EventIntake;
}

export function partsOf(options: TaskOptions): TaskParts {
  const { number, keyedPartitions, fast, prepare, recorded = true, awakeKeysMax = engineLimits.awakeKeysMax, owns = null } = options;
  const keyed = number < keyedPartitions;
  const [layout, output, notes, warmUps, restored] = [new SlotLayout(), new TaskOutput(), new RuleNotes(), new WarmUps(), new RestoredKeys()];
  const control = new ControlState(keyedPartitions, prepare);
  const reports = new GroupReports(output, notes, control, () => arrangement);
  reports.recorded = recorded;
  reports.awakeKeysMax = awakeKeysMax;
  const arrangement: Arrangement = new Arrangement({
    number,
    keyed,
    fast,
    control,
    layout,
    notes,
    restored,
    warmUps,
    time: new TaskTime(keyed, (set, groups) => arrangement.begin(set, groups)),
    router: new Router(number, keyedPartitions, layout, output),
    compiler: new RuleCompiler(layout, control, options),
    host: reports,
  });
  return { control, layout, output, notes, warmUps, reports, arrangement, keys: new KeyRecords(layout, arrangement, restored, reports), intake: new EventIntake(arrangement, output, control, layout, owns) };
}
