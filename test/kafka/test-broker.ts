import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePorts, reapWhenUnused, registerUser, startBroker, wipe, runningPids } from './broker.js';

const DATA_DIR = resolve('.vigil/test-kafka');
const LOCK = join(DATA_DIR, 'lock');

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
  await lock();
  try {
    if (runningPids(DATA_DIR).length === 0) wipe(DATA_DIR);
    const started = await startBroker({ port: await freePorts(2), nodes: 1, dataDir: DATA_DIR });
    if (!started.alreadyRunning) reapWhenUnused(DATA_DIR);
    return started.brokers.split(',');
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Takes the lock file, over the lock of a process that is gone too. */
async function lock(): Promise<void> {
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      return;
    } catch {
      if (!holderLives()) rmSync(LOCK, { force: true });
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

function holderLives(): boolean {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'));
    // just created, its number not yet written
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
