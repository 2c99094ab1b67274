import { ByteWriter } from './bytes.js';
import type { ByteReader } from './bytes.js';
import { KafkaError } from './kafka-error.js';
import { API } from './request.js';
import type { WireRequest } from './request.js';

/** Finding one's way in the cluster: versions, metadata, coordinators. */

export type ApiVersions = Record<number, { minVersion: number; maxVersion: number }>;

export function apiVersionsRequest(): WireRequest<ApiVersions> {
  return {
    api: API.apiVersions,
    body: new ByteWriter(0),
    decode(reader) {
      const code = reader.int16();
      if (code !== 0) throw new KafkaError(code, 'ApiVersions', 'the broker');
      const versions: ApiVersions = {};
      for (const [key, minVersion, maxVersion] of reader.array(() => [reader.int16(), reader.int16(), reader.int16()] as const)) versions[key] = { minVersion, maxVersion };
      return versions;
    },
  };
}

export interface Metadata {
  readonly nodes: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly controllerId: number;
  readonly topics: readonly TopicMetadata[];
}

export interface TopicMetadata {
  readonly topic: string;
  /** of the topic: 0, or `unknownTopicOrPartition` and the like */
  readonly code: number;
  /** leader by partition number; -1 for none now */
  readonly leaders: readonly number[];
}

/** Never creates a topic. @param topics may be empty: then the answer names nodes only */
export function metadataRequest(topics: readonly string[]): WireRequest<Metadata> {
  const body = new ByteWriter();
  body.array(topics, (topic) => body.string(topic)).bool(false);
  return { api: API.metadata, body, decode: decodeMetadata };
}

function decodeMetadata(reader: ByteReader): Metadata {
  const nodes = reader.array(() => {
    const node = { nodeId: reader.int32(), host: reader.string(), port: reader.int32() };
    reader.nullableString(); // rack
    return node;
  });
  reader.nullableString(); // cluster id
  const controllerId = reader.int32();
  return { nodes, controllerId, topics: reader.array(() => decodeTopic(reader)) };
}

function decodeTopic(reader: ByteReader): TopicMetadata {
  const code = reader.int16();
  const topic = reader.string();
  reader.bool(); // internal
  const leaders: number[] = [];
  reader.array(() => {
    reader.int16(); // the partition's own code says no more than a leader of -1
    const partition = reader.int32();
    leaders[partition] = reader.int32();
    reader.array(() => reader.int32()); // replicas
    reader.array(() => reader.int32()); // in sync
  });
  return { topic, code, leaders: Array.from(leaders, (leader) => leader ?? -1) };
}

export type CoordinatorKind = 'group' | 'transaction';

export interface Coordinator {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** @throws KafkaError from the answer */
export function findCoordinatorRequest(kind: CoordinatorKind, key: string): WireRequest<Coordinator> {
  return {
    api: API.findCoordinator,
    body: new ByteWriter().string(key).int8(kind === 'group' ? 0 : 1),
    decode(reader) {
      const code = reader.int16();
      const message = reader.nullableString();
      if (code !== 0) throw new KafkaError(code, 'FindCoordinator', key, message);
      return { nodeId: reader.int32(), host: reader.string(), port: reader.int32() };
    },
  };
}
