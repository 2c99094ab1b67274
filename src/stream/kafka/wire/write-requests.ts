import { ByteWriter } from './bytes.js';
import { KafkaError } from './kafka-error.js';
import { API } from './request.js';
import type { WireRequest } from './request.js';

/** Writing: producer ids, transactions, batches. */

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** A new id, or the next epoch of a transactional id. @throws KafkaError from the answer */
export function initProducerIdRequest(transactionalId: string | null, transactionTimeoutMs: number): WireRequest<ProducerIdentity> {
  return {
    api: API.initProducerId,
    body: new ByteWriter().string(transactionalId).int32(transactionTimeoutMs),
    decode(reader) {
      const code = reader.int16();
      if (code !== 0) throw new KafkaError(code, 'InitProducerId', transactionalId ?? 'a plain producer');
      return { producerId: reader.int64(), producerEpoch: reader.int16() };
    },
  };
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionCode extends TopicPartition {
  readonly code: number;
}

export function addPartitionsRequest(transactionalId: string, identity: ProducerIdentity, partitions: readonly TopicPartition[]): WireRequest<PartitionCode[]> {
  const body = new ByteWriter(128 + partitions.length * 32);
  body.string(transactionalId).int64(identity.producerId).int16(identity.producerEpoch);
  body.array([...Map.groupBy(partitions, ({ topic }) => topic)], ([topic, of]) => body.string(topic).array(of, ({ partition }) => body.int32(partition)));
  return {
    api: API.addPartitionsToTxn,
    body,
    decode: (reader) =>
      reader
        .array(() => {
          const topic = reader.string();
          return reader.array(() => ({ topic, partition: reader.int32(), code: reader.int16() }));
        })
        .flat(),
  };
}

/** @returns the answer's code */
export function endTxnRequest(transactionalId: string, identity: ProducerIdentity, commit: boolean): WireRequest<number> {
  const body = new ByteWriter().string(transactionalId).int64(identity.producerId).int16(identity.producerEpoch).bool(commit);
  return { api: API.endTxn, body, decode: (reader) => reader.int16() };
}

export interface ProduceBatch extends TopicPartition {
  /** one record batch, whole */
  readonly bytes: Buffer;
}

export interface Produced extends PartitionCode {
  readonly baseOffset: number;
}

/** At most one batch per partition; answered when all replicas in sync have it. */
export function produceRequest(transactionalId: string | null, batches: readonly ProduceBatch[], timeoutMs: number): WireRequest<Produced[]> {
  const body = new ByteWriter(batches.reduce((sum, { bytes, topic }) => sum + bytes.length + topic.length * 3 + 32, 128));
  body.string(transactionalId).int16(-1).int32(timeoutMs);
  body.array([...Map.groupBy(batches, ({ topic }) => topic)], ([topic, of]) => {
    body.string(topic).array(of, ({ partition, bytes }) => body.int32(partition).bytes(bytes));
  });
  return {
    api: API.produce,
    body,
    decode: (reader) =>
      reader
        .array(() => {
          const topic = reader.string();
          return reader.array(() => {
            const produced = { topic, partition: reader.int32(), code: reader.int16(), baseOffset: reader.int64() };
            reader.int64(); // timestamp of the append
            reader.int64(); // first offset
            return produced;
          });
        })
        .flat(),
  };
}
