import { COMPACTION_LAG_MS } from '../limits.js';
import { UnknownTopicError } from '../log.js';
import type { TopicAdmin, TopicDescription, TopicSpec } from '../log.js';
import { messageOf, NoAnswerError } from './broker-connection.js';
import { isTransient, retrying } from './cluster.js';
import type { Cluster } from './cluster.js';
import { ADMIN_WITHIN_MS, REPLICAS_WANTED, REQUEST_TIMEOUT_MS } from './limits.js';
import type { TroubleLog } from './options.js';
import { metadataRequest } from './wire/cluster-requests.js';
import { describeConfigsRequest, type ConfigResource } from './wire/config-requests.js';
import { CODE, KafkaError } from './wire/kafka-error.js';
import { createPartitionsRequest, createTopicsRequest, deleteRecordsRequest } from './wire/topic-requests.js';
import type { NewTopic, TopicCode } from './wire/topic-requests.js';
import type { WireRequest } from './wire/request.js';

/** Topics, made with as many replicas as the cluster has brokers, three at the most. */
export class KafkaAdmin implements TopicAdmin {
  constructor(
    private readonly cluster: Cluster,
    private readonly trouble: TroubleLog,
  ) {}

  async ensure(topics: readonly TopicSpec[]): Promise<void> {
    if (topics.length === 0) return;
    await this.#retrying('ensuring topics', async () => {
      const counts = await Promise.all(topics.map(({ topic }) => this.#count(topic)));
      const missing = topics.filter((_, i) => counts[i] === null);
      if (missing.length > 0) await this.#create(missing);
      for (const [i, { topic, partitions }] of topics.entries()) {
        // one that somebody else has just made may be smaller than ours
        const count = counts[i] ?? (await this.#count(topic)) ?? partitions;
        if (count < partitions) await this.#grow(topic, partitions);
      }
      await this.#everywhere(topics);
    });
  }

  partitions(topic: string): Promise<number | null> {
    return this.#retrying(`asking for ${topic}`, () => this.#count(topic));
  }

  describe(topic: string): Promise<TopicDescription | null> {
    return this.#retrying(`asking for ${topic}`, async () => {
      const partitions = await this.#count(topic);
      if (partitions === null) return null;
      const values = await this.#configOf({ kind: 'topic', name: topic }, ['cleanup.policy', 'retention.ms', 'retention.bytes', 'min.compaction.lag.ms']);
      const number = (name: string): number | null => (values.has(name) ? Number(values.get(name)) : null);
      const cleanupPolicy = policyOf(values.get('cleanup.policy'));
      const compacted = cleanupPolicy !== null && cleanupPolicy !== 'delete';
      return { topic, partitions, cleanupPolicy, retentionMs: number('retention.ms'), retentionBytes: number('retention.bytes'), compactionLagMs: compacted ? number('min.compaction.lag.ms') : null };
    });
  }

  makesTopics(): Promise<boolean | null> {
    return this.#retrying('asking a broker for its settings', async () => {
      await this.cluster.refresh();
      const [nodeId] = this.cluster.nodeIds;
      if (nodeId === undefined) return null;
      const values = await this.#configOf({ kind: 'broker', name: String(nodeId) }, ['auto.create.topics.enable'], nodeId);
      const value = values.get('auto.create.topics.enable');
      return value === undefined ? null : value === 'true';
    });
  }

  /** Settings by name; empty where we have no right to see them. */
  async #configOf(resource: ConfigResource, names: readonly string[], nodeId?: number): Promise<ReadonlyMap<string, string>> {
    const request = describeConfigsRequest(resource, names);
    const { code, message, values } = await (nodeId === undefined ? this.cluster.sendToAny(request) : this.cluster.send(nodeId, request));
    if (code === CODE.topicAuthorizationFailed || code === CODE.clusterAuthorizationFailed) return new Map();
    if (code !== 0) throw new KafkaError(code, 'DescribeConfigs', resource.name, message);
    return values;
  }

  async trim(topic: string, partition: number, offset: number): Promise<void> {
    try {
      const leader = await this.cluster.leaderOf(topic, partition);
      const code = await this.cluster.send(leader, deleteRecordsRequest(topic, partition, offset, REQUEST_TIMEOUT_MS));
      if (code !== 0) throw new KafkaError(code, 'DeleteRecords', `${topic}/${partition}`);
    } catch (error) {
      // compacted topics refuse; anything else is made good by the next trim
      if (isTransient(error)) this.cluster.leaderMoved(topic);
      this.trouble.warn('trim', `${topic}/${partition} could not be trimmed below ${offset}: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {}

  async #count(topic: string): Promise<number | null> {
    try {
      return (await this.cluster.leaders(topic, 0)).length;
    } catch (error) {
      if (error instanceof UnknownTopicError) return null;
      throw error;
    }
  }

  async #create(specs: readonly TopicSpec[]): Promise<void> {
    const { nodes } = await this.cluster.refresh();
    const replicationFactor = Math.min(REPLICAS_WANTED, nodes.length);
    const topics = specs.map((spec): NewTopic => ({ topic: spec.topic, partitions: spec.partitions, replicationFactor, config: configOf(spec, replicationFactor) }));
    const codes = await this.#atController(createTopicsRequest(topics, REQUEST_TIMEOUT_MS));
    refuse('CreateTopics', codes, CODE.topicAlreadyExists);
  }

  async #grow(topic: string, partitions: number): Promise<void> {
    // "invalid partitions": somebody else has grown it meanwhile
    refuse('CreatePartitions', await this.#atController(createPartitionsRequest(topic, partitions, REQUEST_TIMEOUT_MS)), CODE.invalidPartitions);
  }

  async #atController(request: WireRequest<TopicCode[]>): Promise<TopicCode[]> {
    const { controllerId } = await this.cluster.refresh();
    // with KRaft any broker passes it on; the one named is as good as any
    return this.cluster.send(controllerId, request, 2 * REQUEST_TIMEOUT_MS);
  }

  /**
   * Waits until every broker knows every partition and its leader, and the leaders serve them, so that nobody is told
   * "unknown topic" or "not leader" afterwards.
   */
  async #everywhere(topics: readonly TopicSpec[]): Promise<void> {
    const names = topics.map(({ topic }) => topic);
    await this.cluster.refresh();
    for (const nodeId of this.cluster.nodeIds) {
      await retrying(ADMIN_WITHIN_MS, async () => {
        const found = await this.cluster.send(nodeId, metadataRequest(names)).catch((error: unknown) => {
          // a broker that is down learns of the topics when it comes back
          if (error instanceof NoAnswerError) return undefined;
          throw error;
        });
        if (found === undefined) return;
        for (const { topic, partitions } of topics) {
          const leaders = found.topics.find((one) => one.topic === topic)?.leaders ?? [];
          if (leaders.length < partitions || leaders.includes(-1)) throw new KafkaError(CODE.leaderNotAvailable, 'Metadata', topic);
        }
      });
    }
    await Promise.all(names.map((topic) => retrying(ADMIN_WITHIN_MS, () => this.cluster.ends(topic))));
  }

  #retrying<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return retrying(ADMIN_WITHIN_MS, attempt, (error) => this.trouble.warn('admin', `${what}: ${messageOf(error)}; trying again`));
  }
}

function refuse(api: string, codes: readonly TopicCode[], harmless: number): void {
  for (const { topic, code, message } of codes) if (code !== 0 && code !== harmless) throw new KafkaError(code, api, topic, message);
}

function policyOf(value: string | undefined): TopicDescription['cleanupPolicy'] {
  if (value === undefined) return null;
  const policies = value.split(',').map((policy) => policy.trim());
  return policies.includes('compact') ? (policies.includes('delete') ? 'compact,delete' : 'compact') : 'delete';
}

function configOf({ compacted, retentionMs }: TopicSpec, replicationFactor: number): Record<string, string> {
  return {
    'cleanup.policy': compacted === true ? 'compact' : 'delete',
    // a write is durable on two brokers where there are three; where there are fewer it must not wait for a second for ever
    'min.insync.replicas': replicationFactor >= 3 ? '2' : '1',
    ...(compacted === true && { 'min.compaction.lag.ms': String(COMPACTION_LAG_MS) }),
    ...(retentionMs !== undefined && { 'retention.ms': String(retentionMs) }),
  };
}
