import { join } from 'node:path';
import type { Logger } from '../observability/logger.js';
import { openEmbeddedLog } from '../stream/embedded/embedded-log.js';
import { openKafkaLog } from '../stream/kafka/kafka-log.js';
import type { Log } from '../stream/log.js';
import type { Topics } from '../stream/topics.js';
import { MemberFile } from './adapters/member-file.js';
import type { Config } from './config.js';

/** The log that the configuration names. */
export async function openLog(config: Config, topics: Topics, logger: Logger): Promise<Log> {
  if (config.brokers.length === 0) return openEmbeddedLog({ dir: join(config.dataDir, 'log'), taskSlots: config.taskSlots });
  return openKafkaLog({ brokers: config.brokers, clientId: 'vigil', app: config.app, journalTopic: topics.journal, taskSlots: config.taskSlots, ssl: config.ssl || undefined, sasl: config.sasl, logger, sessionTimeoutMs: config.sessionTimeoutMs, memory: new MemberFile(join(config.dataDir, `member-${config.app}-${config.port}.json`)) });
}
