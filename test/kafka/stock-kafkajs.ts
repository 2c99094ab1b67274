import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, Partitioners, type EachMessagePayload, type Producer, type ProducerConfig } from 'kafkajs';

/** What kafkajs takes where it is told nothing; it has others of its own under a test runner. */
const RETRY = { initialRetryTime: 300, retries: 5 };

export const stockKafka = (brokers: readonly string[]): Kafka => new Kafka({ brokers: [...brokers], clientId: 'stock', logLevel: logLevel.NOTHING, retry: RETRY });

export const stockProducer = (kafka: Kafka, config: ProducerConfig = {}): Producer => kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...config });

export interface StockReader {
  /** offset and value of what came, as text */
  readonly seen: [number, string][];
  /** messages of a crash that kafkajs does not mend */
  readonly crashes: string[];
  stop(): Promise<void>;
}

/** A consumer of a group of its own, read committed, that reads partition 0 as any user's would. */
export async function stockReader(kafka: Kafka, topic: string, { from, fromBeginning = true, maxBytesPerPartition = 1 << 20 }: { from?: number; fromBeginning?: boolean; maxBytesPerPartition?: number } = {}): Promise<StockReader> {
  const consumer = kafka.consumer({ groupId: `stock-${randomUUID()}`, maxBytesPerPartition, maxWaitTimeInMs: 100, retry: RETRY });
  const seen: [number, string][] = [];
  const crashes: string[] = [];
  consumer.on(consumer.events.CRASH, ({ payload }) => void crashes.push(payload.error.message));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({ eachMessage: ({ message }: EachMessagePayload) => Promise.resolve(void seen.push([Number(message.offset), String(message.value)])) });
  if (from !== undefined) consumer.seek({ topic, partition: 0, offset: String(from) });
  await joined;
  return { seen, crashes, stop: () => consumer.disconnect() };
}
