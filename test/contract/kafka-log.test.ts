import { beforeAll } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Log } from '../../src/stream/log.js';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import { testBroker } from '../kafka/test-broker.js';
import { CONTRACT_TASK_SLOTS, describeLogContract } from './log-contract.js';

let brokers: string[];

beforeAll(async () => {
  brokers = await testBroker();
}, 180_000);

describeLogContract(
  'Apache Kafka',
  async () => {
    const app = `contract-${randomUUID()}`;
    const opened: Log[] = [];
    const open = async (): Promise<Log> => {
      const log = await openKafkaLog({ brokers, clientId: 'contract', app, journalTopic: `${app}.journal`, taskSlots: CONTRACT_TASK_SLOTS });
      opened.push(log);
      return log;
    };
    const log = await open();
    await log.admin.ensure([{ topic: `${app}.journal`, partitions: CONTRACT_TASK_SLOTS }]);
    return { log, second: open, cleanup: async () => void (await Promise.all(opened.map((one) => one.close()))) };
  },
  { members: 2, trims: true },
);
