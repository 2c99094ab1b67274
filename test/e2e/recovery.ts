/**
 * How long it takes until alerts come again after a kill −9, and what that time goes into:
 * `npm run recovery -- [--log kafka|embedded] [--keys 100000] [--rate 5000] [--scenario restart|takeover] [--standby] [--session ms]`.
 * Last line: `recovery of the kafka log: N keys, restart, first alert after N ms, all tasks after N ms`.
 */
import { numberOption, option } from './parts/options.js';
import { runRecovery } from './parts/recovery-run.js';

const keys = numberOption('keys', 100_000);
const rate = numberOption('rate', 5_000);
const standby = process.argv.includes('--standby');
const scenario = option('scenario', standby ? 'takeover' : 'restart');
if (scenario !== 'restart' && scenario !== 'takeover') throw new Error(`--scenario must be restart or takeover, it is ${scenario}`);
const log = option('log', 'kafka');
if (log !== 'kafka' && log !== 'embedded') throw new Error(`--log must be kafka or embedded, it is ${log}`);
if (log === 'embedded' && scenario !== 'restart') throw new Error('the embedded log has one process: there is nobody to take over');
const session = numberOption('session', 0);

const result = await runRecovery({ log, keys, rate, scenario, standby, ...(session > 0 ? { sessionTimeoutMs: session } : {}), say: console.log });
if (result.startMs !== null) console.log(`spawn to ready: ${result.startMs} ms`);
if (result.cpuMs !== null) console.log(`processor time until every task told of an event after the kill: ${result.cpuMs} ms`);
for (const { task, followed, atMs, steps } of result.openings) {
  console.log(`task ${task}${followed ? ', followed' : ''}: live ${atMs} ms after the kill: ${Object.entries(steps).filter(([name]) => /Ms$|keys|entries|^ms$/.test(name)).map(([name, value]) => `${name} ${value}`).join(', ')}`);
}
console.log(`recovery of the ${log} log: ${keys} keys, ${scenario}${standby ? ' by a standby' : ''}, first alert after ${result.firstAlertMs} ms, all tasks after ${result.allTasksMs} ms`);
process.exit(0);
