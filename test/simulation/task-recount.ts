import type { PartitionTask } from '../../src/engine/task/partition-task.js';
import { decodeUtf8 } from '../../src/state/bytes.js';
import type { SharedControl } from '../../src/stream/tasks/control-reader.js';
import type { LogRecord } from '../../src/stream/log.js';
import type { SimulatedCluster } from './simulated-log.js';
import type { TabledEntry } from './task-checks.js';
import { TOPICS, type Scenario } from './task-scenario.js';

interface AlertJson {
  readonly rule: string;
  readonly version: number;
  readonly key: readonly string[];
  readonly at: number;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly evidence: readonly { readonly partition: number; readonly id: string }[];
}

/** Alerts as the recount tells them. */
export interface Counted {
  readonly alerts: readonly string[];
  /** the same text of a visible alert; null for one of another rule or partition */
  describe(alert: AlertJson): string | null;
}

interface Event {
  readonly id: string;
  readonly ts: number;
  readonly type: string;
  readonly card: string;
  /** control topic applied when it was taken */
  readonly control: number;
}

/**
 * Counts by hand, from the topic, what the rules over `pay` alone find: they have one input, so what they find depends on its order
 * and on nothing else. Null where something else decides: a rule was changed on the way, or a silence released waiting events.
 */
export function recount(cluster: SimulatedCluster, control: SharedControl, scenario: Scenario, task: PartitionTask, entries: readonly TabledEntry[]): Counted | null {
  const input = task.inputs.find(({ source }) => source === 'pay');
  if (input === undefined) return null;
  const { disorder } = task.control.sources.get('pay')?.definition ?? { disorder: 0 };
  if (sourceChanged(cluster, control)) return null;
  if (disorder > 0 && entries.some(({ steps }) => steps.some(({ kind }) => kind === 'idle' || kind === 'tick'))) return null;
  const events = processed(cluster, control, input.partition, disorder, entries);
  const velocitySince = sinceOf(cluster, control, 'velocity');
  const sequenceSince = sinceOf(cluster, control, 'sequence');
  const { velocityMs, velocityOver, sequenceMs } = scenario.windows;
  return {
    alerts: [
      ...(velocitySince === null ? [] : velocity(events.filter(({ control }) => control >= velocitySince), velocityMs, velocityOver)),
      ...(sequenceSince === null ? [] : sequence(events.filter(({ control }) => control >= sequenceSince), sequenceMs)),
    ],
    describe: ({ rule, key, at, facts, evidence }) => {
      if (evidence[0]?.partition !== input.partition) return null;
      if (rule === 'velocity' && velocitySince !== null) return `velocity ${key[0]} ${at} ${facts['n']} ${evidence[0].id}`;
      if (rule === 'sequence' && sequenceSince !== null) return `sequence ${key[0]} ${at} ${evidence.map(({ id }) => id).join(' ')}`;
      return null;
    },
  };
}

function sourceChanged(cluster: SimulatedCluster, control: SharedControl): boolean {
  const changes = cluster.committed(TOPICS.control, 0).filter((record) => {
    const change = control.read(record);
    return change?.kind === 'source' && change.name === 'pay';
  });
  return changes.length > 1;
}

/** From where in the control topic a rule sees events; null where it has been changed, never was, or has seen history too. */
function sinceOf(cluster: SimulatedCluster, control: SharedControl, ruleId: string): number | null {
  const changes = cluster.committed(TOPICS.control, 0).filter((record) => {
    const change = control.read(record);
    return change?.kind === 'rule' && change.ruleId === ruleId;
  });
  const [only] = changes;
  if (only === undefined || changes.length > 1) return null;
  const change = control.read(only);
  if (change?.kind !== 'rule' || change.status !== 'active') return null;
  return (change.document as { readonly onChange?: string } | undefined)?.onChange === 'warmup' ? null : only.offset + 1;
}

/** The events that count, in the order in which they are processed. */
function processed(cluster: SimulatedCluster, shared: SharedControl, partition: number, disorderMs: number, entries: readonly TabledEntry[]): Event[] {
  const byOffset = new Map<number, LogRecord>(cluster.committed('pay', partition).map((record) => [record.offset, record]));
  const taken: Event[] = [];
  const ids = new Set<string>();
  const repeats = cluster.committed(TOPICS.control, 0).some((record) => {
    const change = shared.read(record);
    return change?.kind === 'source' && change.name === 'pay' && JSON.stringify(change.definition).includes('dedupe');
  });
  let control = 0;
  let maxTs = -Infinity;
  for (const { steps, table } of entries) {
    for (const step of steps) {
      if (step.kind === 'control') control = step.to;
      if (step.kind !== 'take' || table[step.input] !== `pay/${partition}`) continue;
      for (let offset = step.from; offset < step.to; offset++) {
        const event = eventOf(byOffset.get(offset), control);
        if (event === null) continue;
        maxTs = Math.max(maxTs, event.ts);
        const again = repeats && ids.has(event.id);
        ids.add(event.id);
        if (!again && event.ts >= maxTs - disorderMs) taken.push(event);
      }
    }
  }
  return taken.filter(({ ts }) => ts <= maxTs - disorderMs).sort((a, b) => a.ts - b.ts);
}

function eventOf(record: LogRecord | undefined, control: number): Event | null {
  if (record === undefined || record.value === null) return null;
  try {
    const event = JSON.parse(decodeUtf8(record.value)) as Event;
    return typeof event.ts === 'number' ? { ...event, control } : null;
  } catch {
    return null;
  }
}

function byCard(events: readonly Event[]): [card: string, events: Event[]][] {
  return [...Map.groupBy(events, ({ card }) => card)];
}

/** More than `over` payments in (ts − window, ts], then mute for as long. */
function velocity(events: readonly Event[], windowMs: number, over: number): string[] {
  return byCard(events).flatMap(([card, own]) => {
    const alerts: string[] = [];
    const payments = own.filter(({ type }) => type === 'pay');
    let mutedUntil = -Infinity;
    payments.forEach(({ ts, id }, n) => {
      const count = payments.slice(0, n + 1).filter((other) => other.ts > ts - windowMs).length;
      if (count <= over || ts < mutedUntil) return;
      mutedUntil = ts + windowMs;
      alerts.push(`velocity ${card} ${ts} ${count} ${id}`);
    });
    return alerts;
  });
}

/** The first `a` that is young enough when a `b` comes; then all begins anew. */
function sequence(events: readonly Event[], withinMs: number): string[] {
  return byCard(events).flatMap(([card, own]) => {
    const alerts: string[] = [];
    let begun: Event[] = [];
    for (const event of own) {
      if (event.type === 'a') begun.push(event);
      if (event.type !== 'b') continue;
      const first = begun.find(({ ts }) => event.ts - ts <= withinMs);
      if (first === undefined) continue;
      alerts.push(`sequence ${card} ${event.ts} ${first.id} ${event.id}`);
      begun = [];
    }
    return alerts;
  });
}
