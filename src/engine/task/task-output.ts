import { EngineError } from '../../event/engine-error.js';
import type { KeyReader } from '../../rules/key-reader.js';
import type { Unreadable } from '../events/event-decoder.js';
import type { EventRecord } from '../events/event-record.js';
import { digestOf } from '../alerts/alert-builder.js';
import { noEffects, type AlertEffect, type Effects } from './effects.js';
import type { InputRecord, OpenInput } from './task-input.js';

/** What the steps of a task give rise to, until the runner takes it out. */
export class TaskOutput {
  /** what came in, what of it had no effect, and what came out by kind: for operators, counted since the task opened, replays included */
  readonly counts = { events: 0, late: 0, lateForKey: 0, dead: 0, repeated: 0, noKey: 0, output: { alert: 0, resolved: 0, timeout: 0, signal: 0 } };
  private effects = noEffects();

  /** How many alerts, signals and side outputs wait to be taken out. */
  get size(): number {
    return this.effects.alerts.length + this.effects.side.length;
  }

  take(): Effects {
    const effects = this.effects;
    this.effects = noEffects();
    return effects;
  }

  alert(groupId: string, alert: AlertEffect): void {
    this.counts.output[alert.kind]++;
    this.effects.alerts.push(alert);
    const [key, high, low] = digestOf(groupId, alert);
    this.effects.digest.push(key, high, low);
  }

  /** An event before the watermark of its input. @param watermark epoch ms */
  late(event: EventRecord, watermark: number, record: InputRecord): void {
    this.counts.late++;
    const message = `event time ${event.ts} is before the watermark ${watermark}`;
    this.effects.side.push({ kind: 'late', code: 'event.late', message, source: event.source, partition: event.partition, offset: record.offset, key: record.key, value: record.value ?? JSON.stringify({ id: event.id, type: event.type, ts: event.ts }) });
  }

  /** An event whose key is past its time already. */
  lateForKey(groupId: string, event: EventRecord): void {
    this.counts.lateForKey++;
    this.effects.side.push({
      kind: 'late',
      code: 'event.late-for-key',
      message: `the key had gone past ${event.ts} in ${groupId}`,
      source: event.source,
      partition: event.partition,
      offset: event.offset,
      key: null,
      value: JSON.stringify({ source: event.source, partition: event.partition, offset: event.offset, id: event.id, type: event.type, ts: event.ts }),
    });
  }

  /** A record that is no event. */
  bury(input: OpenInput, record: InputRecord, why: Unreadable): void {
    this.counts.dead++;
    this.effects.side.push({ kind: 'dead', code: why.code, message: why.detail, source: input.source ?? '', partition: input.partition, offset: record.offset, key: record.key, value: record.value });
  }

  /** The key of an event; null where it has none, or is refused with it: that is told, unless it is history. */
  keyOf(reader: KeyReader, event: EventRecord): string | null {
    let key: string | null;
    try {
      key = reader.read(event);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (!event.past) this.refuse(event, error);
      return null;
    }
    if (key === null && !event.past) this.counts.noKey++;
    return key;
  }

  /** An event that a rule refuses (a key too long, a missing fact under `onMissing: error`) is put aside; the others go on. */
  refuse(event: EventRecord, error: EngineError): void {
    this.counts.dead++;
    this.effects.side.push({ kind: 'dead', code: error.code, message: error.message, source: event.source, partition: event.partition, offset: event.offset, key: null, value: JSON.stringify({ id: event.id, type: event.type, ts: event.ts }) });
  }
}
