import { beforeAll, describe, expect, it } from '@jest/globals';
import Connection from 'kafkajs/src/network/connection.js';
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';
import { createServer } from 'node:net';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import { withoutIdleTimer } from '../../src/stream/kafka/kafkajs-patch.js';
import type { LogSink } from '../../src/stream/kafka/options.js';
import { eventually } from '../contract/log-contract.js';
import { freePorts } from '../kafka/broker.js';
import { startFaultProxy } from '../kafka/fault-proxy.js';
import { testBroker } from '../kafka/test-broker.js';

let brokers: string[];
beforeAll(async () => {
  brokers = await testBroker();
}, 180_000);

function recorder(): { lines: string[]; logger: LogSink } {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  return { lines, logger: { info: say, warn: say, error: say } };
}

const options = { clientId: 'start', app: 'start', journalTopic: 'start.journal', taskSlots: 1 };

describe('brokers that are not there at the start', () => {
  it('are waited for, with the reason told, until they come', async () => {
    const port = await freePorts(1);
    const { lines, logger } = recorder();
    let isOpen = false;
    const opening = openKafkaLog({ ...options, brokers: [`127.0.0.1:${port}`], logger }).finally(() => (isOpen = true));
    await eventually(() => expect(lines).toEqual([`waiting for Kafka at 127.0.0.1:${port}: broker 127.0.0.1:${port}: Connection error: connect ECONNREFUSED 127.0.0.1:${port}`]));
    expect(isOpen).toBe(false);
    const proxy = await startFaultProxy(brokers, port);
    const log = await opening;
    expect(await log.admin.partitions('start-none')).toBeNull();
    await log.close();
    await proxy.close();
  });

  it('are given up when the signal says so', async () => {
    const port = await freePorts(1);
    const abort = new AbortController();
    const opening = openKafkaLog({ ...options, brokers: [`127.0.0.1:${port}`], signal: abort.signal });
    abort.abort();
    await expect(opening).rejects.toThrow(`gave up waiting for Kafka at 127.0.0.1:${port}`);
  });

  it('are passed over while another is there', async () => {
    const port = await freePorts(1);
    const log = await openKafkaLog({ ...options, brokers: [`127.0.0.1:${port}`, ...brokers] });
    expect(await log.admin.partitions('start-none')).toBeNull();
    await log.close();
  });

  it('something else that listens there is told as it is', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)));
    const abort = new AbortController();
    const { lines, logger } = recorder();
    const opening = openKafkaLog({ ...options, brokers: [`127.0.0.1:${port}`], logger, signal: abort.signal });
    await eventually(() => expect(lines[0]).toMatch(new RegExp(`^waiting for Kafka at 127.0.0.1:${port}: `)));
    abort.abort();
    await expect(opening).rejects.toThrow('gave up waiting');
    server.close();
  });
});

it.each([
  [{ brokers: [] }, 'at least one broker is needed'],
  [{ brokers: ['nowhere'] }, 'a broker must be host:port, it is "nowhere"'],
  [{ brokers: ['h:9092'], taskSlots: 0 }, 'taskSlots must be a positive integer, it is 0'],
])('refuses options that cannot be right: %j', async (wrong, reason) => {
  await expect(openKafkaLog({ ...options, ...wrong })).rejects.toThrow(reason);
});

it('K11: an idle connection has no timer that fires a thousand times a second', () => {
  const silent = { namespace: () => silent, debug() {}, info() {}, warn() {}, error() {} };
  const connection = new Connection({ host: 'h', port: 1, clientId: 'c', ssl: undefined, sasl: undefined, logger: silent, connectionTimeout: 1, requestTimeout: 1, enforceRequestTimeout: false, socketFactory: createSocketFactory() });
  const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const before = timers();
  connection.requestQueue.scheduleCheckPendingRequests();
  expect(timers()).toBe(before + 1); // kafkajs as it is
  connection.requestQueue.destroy();
  expect(withoutIdleTimer(connection.requestQueue)).toBe(true);
  connection.requestQueue.scheduleCheckPendingRequests();
  expect(timers()).toBe(before);
});

it('K11: another kafkajs than the one that is known is left alone', () => {
  let called = 0;
  const queue = { pending: [], scheduleCheckPendingRequests: () => void called++, destroy() {} };
  expect(withoutIdleTimer(queue)).toBe(false);
  queue.scheduleCheckPendingRequests();
  expect(called).toBe(1);
});
