import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { alone, freePorts, reapWhenUnused, registerUser, startBroker, wipe, runningPids } from './broker.js';

const DATA_DIR = resolve('.vigil/test-kafka');

/**
 * A broker for tests: `KAFKA_BROKERS` if it is set, else one shared by all test processes, started by the first that asks
 * (with fresh data) and stopped half a minute after the last has ended.
 * @returns addresses as for KAFKA_BROKERS
 */
export async function testBroker(): Promise<string[]> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined && given !== '') return given.split(',');
  mkdirSync(DATA_DIR, { recursive: true });
  registerUser(DATA_DIR);
  return alone(DATA_DIR, async () => {
    if (runningPids(DATA_DIR).length === 0) wipe(DATA_DIR);
    const started = await startBroker({ port: await freePorts(2), nodes: 1, dataDir: DATA_DIR });
    if (!started.alreadyRunning) reapWhenUnused(DATA_DIR);
    return started.brokers.split(',');
  });
}
