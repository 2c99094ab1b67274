import { join } from 'node:path';
import { openEmbeddedLog } from '../stream/embedded/embedded-log.js';
import { openKafkaLog } from '../stream/kafka/kafka-log.js';
import type { LogSink } from '../stream/kafka/options.js';
import type { Log } from '../stream/log.js';
import type { Topics } from '../stream/topics.js';
import { MemberFile } from './adapters/member-file.js';
import type { Config } from './config.js';

/** Which thread of which process a member of the group is. */
export interface MemberPlace {
  /** 1 and up */
  readonly thread: number;
  readonly process: string;
}

type LogConfig = Pick<Config, 'app' | 'brokers' | 'dataDir' | 'port' | 'sasl' | 'sessionTimeoutMs' | 'ssl' | 'taskSlots'>;

/** The log that the configuration names. @param place absent: there is one member in the process */
export async function openLog(config: LogConfig, topics: Topics, logger: LogSink, place?: MemberPlace): Promise<Log> {
  if (config.brokers.length === 0) return openEmbeddedLog({ dir: join(config.dataDir, 'log'), taskSlots: config.taskSlots });
  return openKafkaLog({ brokers: config.brokers, clientId: 'vigil', app: config.app, journalTopic: topics.journal, taskSlots: config.taskSlots, ssl: config.ssl || undefined, sasl: config.sasl, logger, sessionTimeoutMs: config.sessionTimeoutMs, memory: new MemberFile(memberFile(config, place)), process: place?.process });
}

/** The first thread has the name of a process of one member: one that is started with fewer threads than before knows at least that one. */
function memberFile({ dataDir, app, port }: LogConfig, place: MemberPlace | undefined): string {
  const thread = place === undefined || place.thread === 1 ? '' : `-${place.thread}`;
  return join(dataDir, `member-${app}-${port}${thread}.json`);
}
