import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import type { KafkaLogOptions } from '../../src/stream/kafka/options.js';
import { eventually, readAll, values } from '../contract/log-contract.js';
import { freePorts, reapWhenUnused, registerUser, startBroker, stopBroker } from '../kafka/broker.js';

/** A broker of this file's own that wants TLS and a password on its second listener. */
const dataDir = resolve(`.vigil/test-security-${process.pid}`);
const STORE_PASSWORD = 'not-a-secret';
let secure: string;
let ca: Buffer;

beforeAll(async () => {
  mkdirSync(dataDir, { recursive: true });
  const [store, certificate] = [join(dataDir, 'broker.p12'), join(dataDir, 'broker.pem')];
  const keytool = (...args: string[]): unknown => execFileSync('keytool', [...args, '-keystore', store, '-storepass', STORE_PASSWORD, '-alias', 'broker'], { stdio: 'pipe' });
  keytool('-genkeypair', '-keyalg', 'RSA', '-storetype', 'PKCS12', '-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1', '-validity', '2');
  keytool('-exportcert', '-rfc', '-file', certificate);
  ca = readFileSync(certificate);
  const port = await freePorts(3);
  secure = `localhost:${port + 2}`;
  await startBroker({
    dataDir,
    port,
    nodes: 1,
    properties: () => [
      `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1},SECURE://localhost:${port + 2}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${port},SECURE://localhost:${port + 2}`,
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
      'inter.broker.listener.name=PLAINTEXT',
      `ssl.keystore.location=${store}`,
      'ssl.keystore.type=PKCS12',
      `ssl.keystore.password=${STORE_PASSWORD}`,
      'sasl.enabled.mechanisms=PLAIN',
      'listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_vigil="right";',
      // a client must authenticate again before this, on the connection it has
      'listener.name.secure.plain.connections.max.reauth.ms=12000',
    ],
  });
  registerUser(dataDir);
  reapWhenUnused(dataDir);
}, 240_000);
afterAll(async () => {
  await stopBroker(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

const options = (password: string): KafkaLogOptions => ({
  brokers: [secure], clientId: 'secure', app: 'secure', journalTopic: 'secure.journal', taskSlots: 2, ssl: { ca }, sasl: { mechanism: 'plain', username: 'vigil', password },
});

describe('TLS and a password', () => {
  it('everything goes through them, also past the end of an authentication', async () => {
    const log = await openKafkaLog(options('right'));
    const topic = `secure-${randomUUID()}`;
    await log.admin.ensure([{ topic, partitions: 2 }]);
    const assigned: number[] = [];
    await log.membership.join({ onAssigned: (tasks) => void assigned.push(...tasks), onRevoked() {}, onLost() {} });
    expect(assigned).toEqual([0, 1]);
    const producer = log.taskProducer('task');
    await producer.fence();
    const startedAt = performance.now();
    let count = 0;
    while (performance.now() - startedAt < 15_000) {
      expect(await producer.transact([{ topic, records: values(0, count, 1) }])).toBe('committed');
      count += 1;
      await log.reader.read(topic, 1, 0, { maxBytes: 1000, maxWaitMs: 100 });
    }
    await eventually(async () => expect(await readAll(log, topic, 0)).toHaveLength(count));
    await log.close();
  }, 60_000);

  it.each<[string, () => KafkaLogOptions, RegExp]>([
    ['a wrong password', () => options('wrong'), /waiting for Kafka at localhost:\d+: .*(Authentication failed|Invalid username or password)/],
    ['a certificate nobody vouches for', () => ({ ...options('right'), ssl: true }), /waiting for Kafka at localhost:\d+: .*self-signed certificate/],
    ['no TLS where TLS is wanted', () => ({ ...options('right'), ssl: false }), /waiting for Kafka at localhost:\d+: /],
  ])('%s is told as the reason of the wait', async (_, wrong, reason) => {
    const lines: string[] = [];
    const abort = new AbortController();
    const opening = openKafkaLog({ ...wrong(), signal: abort.signal, logger: { info() {}, warn: (line) => void lines.push(line), error() {} } });
    await eventually(() => expect(lines[0]).toMatch(reason));
    abort.abort();
    await expect(opening).rejects.toThrow('gave up waiting');
  }, 60_000);
});
