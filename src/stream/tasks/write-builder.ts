import type { Effects, FrameEffect, SideEffect } from '../../engine/task/effects.js';
import type { StateRecord } from '../../engine/checkpoint/state-record.js';
import { encodeUtf8 } from '../../state/bytes.js';
import type { NewRecord, TransactionWrites } from '../log.js';
import { partitionOf } from '../partitioner.js';
import type { Topics } from '../topics.js';

/** Bytes of an original event that are kept with the reason why it was put aside; brokers take about a million by default. */
const SIDE_VALUE_MAX = 900_000;

/** Turns what a task gave rise to into the records of one transaction; the journal entry comes last. */
export class WriteBuilder {
  private readonly byTopic = new Map<string, NewRecord[]>();

  constructor(
    private readonly topics: Topics,
    private readonly task: number,
    private readonly partitionsOf: (topic: string) => number,
  ) {}

  effects(effects: Effects, frames: readonly FrameEffect[]): this {
    for (const alert of effects.alerts) {
      const topic = alert.kind === 'signal' ? this.topics.signals : alert.shadow ? this.topics.shadowAlerts : this.topics.alerts;
      this.add(topic, { partition: this.partition(topic, alert.key), key: alert.key, value: alert.json, headers: { 'alert-id': alert.id } });
    }
    for (const side of effects.side) this.side(side);
    for (const { partition, value } of frames) this.add(this.topics.rekey, { partition, key: null, value });
    return this;
  }

  state(records: readonly StateRecord[]): this {
    for (const { key, value } of records) this.add(this.topics.state, { partition: this.task, key, value });
    return this;
  }

  journal(entry: Uint8Array): this {
    this.add(this.topics.journal, { partition: this.task, key: null, value: entry });
    return this;
  }

  build(): TransactionWrites {
    return [...this.byTopic].map(([topic, records]) => ({ topic, records }));
  }

  private side(side: SideEffect): void {
    const topic = side.kind === 'late' ? this.topics.late : this.topics.deadLetter;
    const place = `${side.source}/${side.partition}`;
    const headers = { reason: side.code, message: side.message, source: side.source, partition: String(side.partition), offset: String(side.offset) };
    // with its headers a record of the largest size would be refused for ever: the end of it goes, and says so
    const long = side.value !== null && side.value.length > SIDE_VALUE_MAX;
    const value = long ? (side.value as string | Uint8Array).slice(0, SIDE_VALUE_MAX) : side.value;
    this.add(topic, { partition: this.partition(topic, place), key: side.key, value, headers: long ? { ...headers, 'cut-from': String(side.value?.length) } : headers });
  }

  private partition(topic: string, key: string): number {
    return partitionOf(encodeUtf8(key), this.partitionsOf(topic));
  }

  private add(topic: string, record: NewRecord): void {
    const records = this.byTopic.get(topic);
    if (records) records.push(record);
    else this.byTopic.set(topic, [record]);
  }
}

/** Bytes of keys and values, roughly. */
export function countWrites(writes: TransactionWrites): number {
  let bytes = 0;
  for (const { records } of writes) for (const { key, value } of records) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}
