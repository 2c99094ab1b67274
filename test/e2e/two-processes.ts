/**
 * Two processes over one Kafka, one of them killed every few seconds: `npm run two-processes -- [--events 24000] [--rate 400]
 * [--kill-every 12] [--seed 1]`. Last line: `two processes: N events, N alerts, 0 lost, 0 extra, 0 duplicated`.
 */
import { numberOption } from './parts/options.js';
import { runTwoProcesses } from './parts/two-processes-run.js';
import { complaints, isRight } from './parts/workload.js';

const events = numberOption('events', 24_000);
const rate = numberOption('rate', 400);
const killEveryMs = numberOption('kill-every', 12) * 1_000;
const seed = numberOption('seed', 1);

const kills = killEveryMs > 0 ? Math.floor(((events / rate) * 1_000 - 1) / killEveryMs) : 0;
const disturbances = Array.from({ length: kills }, (_, i) => ({ atMs: (i + 1) * killEveryMs, member: i % 2, kind: 'kill', forMs: 0 }) as const);
const { verdict, followed, refused, endings } = await runTwoProcesses({ events, rate, seed, disturbances, say: console.log });

for (const line of complaints(verdict)) console.log(line);
if (!isRight(followed)) console.log(`the consumer that followed saw otherwise: ${complaints(followed).join('; ')}`);
if (refused > 0) console.log(`${refused} events were late or refused`);
console.log(`exit codes at SIGTERM: ${endings.join(', ')}`);
console.log(`two processes: ${events} events, ${verdict.expected} alerts, ${verdict.lost.length} lost, ${verdict.extra.length} extra, ${verdict.duplicated.length} duplicated`);
process.exitCode = isRight(verdict) && isRight(followed) && refused === 0 && endings.every((code) => code === 0) ? 0 : 1;
