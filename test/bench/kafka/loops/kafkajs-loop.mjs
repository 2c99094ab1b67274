// kafkajs-loop.mjs BROKERS TOPIC GROUP OUT transactions|plain|parse : what a careful user writes by hand on kafkajs for workload W1. State is a Map in
// memory that nothing keeps: after a crash it is gone, which Vigil's is not. `parse` only parses. Prints "ready", then {"at", "events"} as it goes.
import { Kafka, logLevel } from 'kafkajs';

const [brokers, topic, groupId, out, mode] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(','), clientId: groupId, logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId, readUncommitted: false });
const transactional = mode === 'transactions';
const producer = transactional ? kafka.producer({ transactionalId: groupId, maxInFlightRequests: 1, idempotent: true, retry: { initialRetryTime: 20 } }) : kafka.producer({ idempotent: true });

const WITHIN_MS = 600_000;
const lastSmall = new Map();
let events = 0;
let toldAt = 0;

/** The alert that an event completes, or null. */
function step({ card, ts, amountMinor }) {
  if (amountMinor < 20_000) lastSmall.set(card, ts);
  else if (amountMinor >= 2_000_000) {
    const small = lastSmall.get(card);
    lastSmall.delete(card);
    if (small !== undefined && ts - small <= WITHIN_MS) return { rule: 'small-then-large', key: [card], at: ts };
  }
  return null;
}

function alertsOf(messages) {
  const alerts = [];
  for (const { value } of messages) {
    const event = JSON.parse(value.toString());
    const alert = mode === 'parse' ? null : step(event);
    if (alert !== null) alerts.push({ key: alert.key[0], value: JSON.stringify(alert) });
  }
  return alerts;
}

/** Again until it is done: kafkajs gives up on a coordinator that is busy ending the transaction before. */
async function commit(alerts, offsets) {
  for (;;) {
    const transaction = await producer.transaction();
    try {
      if (alerts.length > 0) await transaction.send({ topic: out, messages: alerts });
      await transaction.sendOffsets({ consumerGroupId: groupId, topics: offsets });
      return await transaction.commit();
    } catch {
      await transaction.abort();
    }
  }
}

async function eachBatch({ batch, resolveOffset, heartbeat }) {
  const { messages, partition } = batch;
  const alerts = alertsOf(messages);
  const last = messages[messages.length - 1];
  if (transactional) await commit(alerts, [{ topic, partitions: [{ partition, offset: String(Number(last.offset) + 1) }] }]);
  else if (alerts.length > 0) await producer.send({ topic: out, messages: alerts, acks: -1 });
  resolveOffset(last.offset);
  events += messages.length;
  if (Date.now() - toldAt >= 20) {
    toldAt = Date.now();
    console.log(JSON.stringify({ at: toldAt, events }));
  }
  await heartbeat();
}

await producer.connect();
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
consumer.on(consumer.events.GROUP_JOIN, () => console.log('ready'));
await consumer.run({ autoCommit: !transactional, autoCommitInterval: 1_000, eachBatchAutoResolve: false, eachBatch });
setInterval(() => console.log(JSON.stringify({ at: Date.now(), events })), 500);
