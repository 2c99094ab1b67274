/**
 * Two processes over one Kafka, one of them killed every few seconds: `npm run two-processes -- [--events 24000] [--rate 400]
 * [--kill-every 12] [--seed 1] [--workers 1]`. Last line: `two processes: N events, N alerts, 0 lost, 0 extra, 0 duplicated`.
 */
import { killEvery } from './parts/disturbance.js';
import { numberOption } from './parts/options.js';
import { runTwoProcesses } from './parts/two-processes-run.js';
import { complaints, isRight } from './parts/workload.js';

const events = numberOption('events', 24_000);
const rate = numberOption('rate', 400);
const killEveryMs = numberOption('kill-every', 12) * 1_000;
const seed = numberOption('seed', 1);
const workers = numberOption('workers', 1);

const disturbances = killEvery(killEveryMs, (events / rate) * 1_000, 2);
const { verdict, followed, refused, endings } = await runTwoProcesses({ events, rate, seed, workers, disturbances, say: console.log });

for (const line of complaints(verdict)) console.log(line);
if (!isRight(followed)) console.log(`the consumer that followed saw otherwise: ${complaints(followed).join('; ')}`);
if (refused.length > 0) console.log(`${refused.length} events were late or refused: ${refused.slice(0, 5).join(' ')}`);
console.log(`exit codes at SIGTERM: ${endings.join(', ')}`);
console.log(`two processes: ${events} events, ${verdict.expected} alerts, ${verdict.lost.length} lost, ${verdict.extra.length} extra, ${verdict.duplicated.length} duplicated`);
process.exitCode = isRight(verdict) && isRight(followed) && refused.length === 0 && endings.every((code) => code === 0) ? 0 : 1;
