import { ByteWriter } from './bytes.js';
import type { ByteReader } from './bytes.js';
import { API } from './request.js';
import type { WireRequest } from './request.js';

/** Making topics, growing them, cutting them off at the front. */

export interface TopicCode {
  readonly topic: string;
  readonly code: number;
  readonly message: string | null;
}

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

const topicCodes = (reader: ByteReader): TopicCode[] => reader.array(() => ({ topic: reader.string(), code: reader.int16(), message: reader.nullableString() }));

export function createTopicsRequest(topics: readonly NewTopic[], timeoutMs: number): WireRequest<TopicCode[]> {
  const body = new ByteWriter();
  body.array(topics, ({ topic, partitions, replicationFactor, config }) => {
    body.string(topic).int32(partitions).int16(replicationFactor).int32(0); // no placement by hand
    body.array(Object.entries(config), ([name, value]) => body.string(name).string(value));
  });
  body.int32(timeoutMs).bool(false);
  return { api: API.createTopics, body, decode: topicCodes };
}

/** @param partitions the new total */
export function createPartitionsRequest(topic: string, partitions: number, timeoutMs: number): WireRequest<TopicCode[]> {
  const body = new ByteWriter();
  body.int32(1).string(topic).int32(partitions).int32(-1); // no placement by hand
  body.int32(timeoutMs).bool(false);
  return { api: API.createPartitions, body, decode: topicCodes };
}

/** Removes what is below `offset`. @returns the partition's code */
export function deleteRecordsRequest(topic: string, partition: number, offset: number, timeoutMs: number): WireRequest<number> {
  const body = new ByteWriter();
  body.int32(1).string(topic).int32(1).int32(partition).int64(offset).int32(timeoutMs);
  return {
    api: API.deleteRecords,
    body,
    decode(reader) {
      const codes = reader.array(() => {
        reader.string();
        return reader.array(() => {
          reader.int32();
          reader.int64(); // first offset afterwards
          return reader.int16();
        });
      });
      return codes.flat()[0] ?? 0;
    },
  };
}
