import type { Log } from '../log.js';
import { messageOf } from './broker-connection.js';
import { Cluster, isTransient, pause } from './cluster.js';
import { KafkaMembership } from './kafka-membership.js';
import { KafkaReader } from './kafka-reader.js';
import { SESSION_TIMEOUT_MS, START_RETRY_PAUSE_MS } from './limits.js';
import { KafkaWriter } from './log-writer.js';
import { TroubleLog } from './options.js';
import type { KafkaLogOptions } from './options.js';
import { KafkaTaskProducer } from './task-producer.js';
import { KafkaAdmin } from './topic-admin.js';
import { apiVersionsRequest } from './wire/cluster-requests.js';
import { API } from './wire/request.js';

/**
 * The log on Apache Kafka, brokers 3.6 and later. Waits for the first broker as long as it takes and says so through the
 * logger.
 * @throws RangeError for options that cannot be right, Error for brokers of a version that does not fit or when
 * `options.signal` ends the wait
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<Log> {
  if (options.brokers.length === 0) throw new RangeError('at least one broker is needed');
  if (!Number.isInteger(options.taskSlots) || options.taskSlots < 1) throw new RangeError(`taskSlots must be a positive integer, it is ${options.taskSlots}`);
  const trouble = new TroubleLog(options.logger);
  const cluster = new Cluster(options.brokers, options);
  try {
    await firstBroker(cluster, options, trouble);
  } catch (error) {
    cluster.close();
    throw error;
  }
  const reader = new KafkaReader(cluster, trouble);
  const writer = new KafkaWriter(cluster, trouble);
  const membership = new KafkaMembership(cluster, `${options.app}.tasks`, options.journalTopic, options.taskSlots, trouble, options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS, options.memory, options.process);
  await membership.dismissFormer();
  return {
    kind: 'kafka',
    reader,
    writer,
    membership,
    admin: new KafkaAdmin(cluster, trouble),
    isTransient,
    taskProducer: (id) => new KafkaTaskProducer(cluster, `${options.app}.${id}`, () => membership.assertFresh(), trouble),
    async close() {
      await membership.leave();
      await writer.close();
      await reader.close();
      cluster.close();
    },
  };
}

async function firstBroker(cluster: Cluster, { brokers, signal }: KafkaLogOptions, trouble: TroubleLog): Promise<void> {
  for (;;) {
    try {
      await cluster.refresh();
      return requireVersions(await cluster.sendToAny(apiVersionsRequest()));
    } catch (error) {
      if (error instanceof VersionError) throw error;
      trouble.warn('start', `waiting for Kafka at ${brokers.join(', ')}: ${messageOf(error)}`);
      await pause(START_RETRY_PAUSE_MS, signal);
      if (signal?.aborted) throw new Error(`gave up waiting for Kafka at ${brokers.join(', ')}: ${messageOf(error)}`, { cause: error });
    }
  }
}

class VersionError extends Error {}

/** What a broker cannot speak is said at the start and by name, not by the first request that fails. */
function requireVersions(versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>): void {
  for (const { name, key, version } of Object.values(API)) {
    const spoken = versions[key];
    if (spoken === undefined || version < spoken.minVersion || version > spoken.maxVersion) {
      throw new VersionError(`the brokers speak ${name} ${spoken === undefined ? 'not at all' : `in versions ${spoken.minVersion} to ${spoken.maxVersion}`}, version ${version} is needed: Kafka 3.6 or later`);
    }
  }
}
