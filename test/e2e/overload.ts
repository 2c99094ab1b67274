/**
 * More of everything than a member can take at once: events as fast as they can be sent, nine of ten with one key, a rule that fires on each,
 * events that cannot be read, alert streams that nobody reads: `npm run overload -- [--events 300000] [--bad 100000] [--streams 50]
 * [--seed 1]`. Last line: `overload: N events, N alerts, 0 lost, 0 duplicated, N put aside, N MB at most`.
 */
import { numberOption } from './parts/options.js';
import { runOverload } from './parts/overload-run.js';
import { complaints, isRight } from './parts/workload.js';

const events = numberOption('events', 300_000);
const bad = numberOption('bad', 100_000);
const deafStreams = numberOption('streams', 50);
const seed = numberOption('seed', 1);

const { verdict, put, peakMb, slowestAnswerMs, heardAtLast, ending } = await runOverload({ events, bad, deafStreams, seed, say: console.log });
for (const line of complaints(verdict)) console.log(line);
console.log(`slowest answer meanwhile: ${slowestAnswerMs} ms; a stream that is read got ${heardAtLast.join(', ')}; exit code at SIGTERM: ${ending}`);
console.log(`overload: ${events} events, ${verdict.expected} alerts, ${verdict.lost.length} lost, ${verdict.duplicated.length} duplicated, ${put.different} put aside, ${peakMb} MB at most`);
process.exitCode = isRight(verdict) && put.different === bad && put.all === bad && ending === 0 ? 0 : 1;
