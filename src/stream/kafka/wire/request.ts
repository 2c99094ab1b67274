import type { ByteReader, ByteWriter } from './bytes.js';

/**
 * One request in the protocol version we speak: kafka.apache.org/protocol. All versions are the last ones before the
 * "flexible" encoding, which brokers from 2.4 to 4.x understand.
 */
export interface WireRequest<T> {
  readonly api: Api;
  readonly body: ByteWriter;
  /** reads the answer after the throttle time, if that comes first */
  decode(reader: ByteReader): T;
}

export interface Api {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** where the answer says how long the broker wants us to keep quiet */
  readonly throttle: 'first' | 'last' | 'none';
}

const api = (name: string, key: number, version: number, throttle: Api['throttle'] = 'first'): Api => ({ name, key, version, throttle });

export const API = {
  produce: api('Produce', 0, 7, 'last'),
  fetch: api('Fetch', 1, 11),
  listOffsets: api('ListOffsets', 2, 2),
  metadata: api('Metadata', 3, 4),
  findCoordinator: api('FindCoordinator', 10, 2),
  joinGroup: api('JoinGroup', 11, 5),
  heartbeat: api('Heartbeat', 12, 3),
  leaveGroup: api('LeaveGroup', 13, 1),
  syncGroup: api('SyncGroup', 14, 3),
  apiVersions: api('ApiVersions', 18, 0, 'none'),
  createTopics: api('CreateTopics', 19, 4),
  deleteRecords: api('DeleteRecords', 21, 1),
  initProducerId: api('InitProducerId', 22, 1),
  addPartitionsToTxn: api('AddPartitionsToTxn', 24, 1),
  endTxn: api('EndTxn', 26, 1),
  describeConfigs: api('DescribeConfigs', 32, 1),
  createPartitions: api('CreatePartitions', 37, 1),
} as const;
