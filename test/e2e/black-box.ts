/**
 * The embedded service as a black box, killed with SIGKILL while events come: `npm run black-box -- [--events 6000] [--rate 400]
 * [--kill-every 5] [--seed 7]`. Last line: `black box: N events, N alerts, 0 lost, 0 extra, 0 duplicated`.
 */
import { killEvery } from './parts/disturbance.js';
import { runEmbedded } from './parts/embedded-run.js';
import { numberOption } from './parts/options.js';
import { complaints, isRight } from './parts/workload.js';

const events = numberOption('events', 6_000);
const rate = numberOption('rate', 400);
const disturbances = killEvery(numberOption('kill-every', 5) * 1_000, (events / rate) * 1_000, 1);
const { verdict, ending } = await runEmbedded({ events, rate, seed: numberOption('seed', 7), disturbances, say: console.log });

for (const line of complaints(verdict)) console.log(line);
console.log(`exit code at SIGTERM: ${ending}`);
console.log(`black box: ${events} events, ${verdict.expected} alerts, ${verdict.lost.length} lost, ${verdict.extra.length} extra, ${verdict.duplicated.length} duplicated`);
process.exitCode = isRight(verdict) && ending === 0 ? 0 : 1;
