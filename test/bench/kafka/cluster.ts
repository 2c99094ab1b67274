import { Kafka, logLevel, type Admin } from 'kafkajs';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { partitionOf } from '../../../src/stream/partitioner.js';
import { encodeUtf8 } from '../../../src/state/bytes.js';
import { until } from '../../e2e/parts/until.js';
import { freePorts, startBroker, stopBroker, wipe } from '../../kafka/broker.js';
import { AMOUNT, makePayments, Recount, type Mix } from './payments.js';

const DATA_DIR = resolve('.vigil/bench-kafka');
export const PARTITIONS = 12;
const PAYMENTS_PER_SEND = 12_000;

/** One broker with fresh data, for the time of `use`; with KAFKA_BROKERS that cluster, left as it is. */
export async function withBroker<T>(use: (brokers: string) => Promise<T>): Promise<T> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined && given !== '') return use(given);
  mkdirSync(DATA_DIR, { recursive: true });
  await stopBroker(DATA_DIR);
  wipe(DATA_DIR);
  const { brokers } = await startBroker({ port: await freePorts(2), nodes: 1, dataDir: DATA_DIR });
  try {
    return await use(brokers);
  } finally {
    await stopBroker(DATA_DIR);
    wipe(DATA_DIR);
  }
}

const clientOf = (brokers: string): Kafka => new Kafka({ brokers: brokers.split(','), clientId: 'bench', logLevel: logLevel.NOTHING });

async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

export const createTopic = (brokers: string, topic: string): Promise<void> =>
  withAdmin(brokers, async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: false });
    await until(async () => {
      const answer = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => null);
      return answer?.topics[0]?.partitions.filter(({ leader }) => leader >= 0).length === PARTITIONS;
    }, `topic ${topic} has its leaders`);
  });

/** Writes payments as fast as they go, by card. @returns the alerts that must come */
export async function fillTopic(brokers: string, topic: string, { count, seed, mix }: { count: number; seed: number; mix: Mix }): Promise<readonly string[]> {
  const producer = clientOf(brokers).producer({ idempotent: true });
  await producer.connect();
  const recount = new Recount();
  let messages: { partition: number; key: string; value: string }[] = [];
  const send = async (): Promise<void> => {
    await producer.send({ topic, messages, acks: -1 });
    messages = [];
  };
  for (const { card, ts, json } of makePayments(count, seed, mix)) {
    recount.add(card, ts, Number(AMOUNT.exec(json)?.[1]));
    messages.push({ partition: partitionOf(encodeUtf8(card), PARTITIONS), key: card, value: json });
    if (messages.length === PAYMENTS_PER_SEND) await send();
  }
  if (messages.length > 0) await send();
  await producer.disconnect();
  return recount.expected;
}
