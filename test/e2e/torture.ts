/**
 * Traffic, kills and pauses by a seeded plan, then the oracle: `npm run torture -- [--log embedded|kafka] [--seconds 60] [--seed N]
 * [--rate 400] [--nodes 1|3] [--standby] [--workers 1]`. Two members on Kafka, one process on the embedded log. With three brokers those
 * are disturbed too, one at a time, and so is the network between members and brokers. Last line: `torture: N events, N alerts, 0 lost, 0 duplicated`.
 */
import { randomPlan } from './parts/disturbance.js';
import { runEmbedded } from './parts/embedded-run.js';
import { numberOption, option } from './parts/options.js';
import { runTwoProcesses } from './parts/two-processes-run.js';
import { complaints, isRight, type Verdict } from './parts/workload.js';

const log = option('log', 'embedded');
if (log !== 'embedded' && log !== 'kafka') throw new Error(`--log must be embedded or kafka, it is ${log}`);
const nodes = numberOption('nodes', 1) as 1 | 3;
if (![1, 3].includes(nodes)) throw new Error(`--nodes must be 1 or 3, it is ${nodes}`);
const seconds = numberOption('seconds', 60);
const rate = numberOption('rate', 400);
const seed = numberOption('seed', Math.floor(Math.random() * 1_000_000));
const events = Math.round(seconds * rate);
const say = console.log;

/** @returns the verdict, and what else is wrong */
async function run(): Promise<{ verdict: Verdict; wrong: string[] }> {
  if (log === 'embedded') {
    const { verdict, ending } = await runEmbedded({ events, rate, seed, disturbances: randomPlan(seed, seconds * 1_000, 1), say });
    return { verdict, wrong: ending === 0 ? [] : [`exit code at SIGTERM: ${ending}`] };
  }
  const { verdict, followed, refused, endings } = await runTwoProcesses({ events, rate, seed, nodes, standby: process.argv.includes('--standby'), workers: numberOption('workers', 1), disturbances: randomPlan(seed, seconds * 1_000, 2, nodes === 3 ? 3 : 0), say });
  return {
    verdict,
    wrong: [
      ...complaints(followed).map((line) => `to the consumer that followed: ${line}`),
      ...refused.slice(0, 5).map((line) => `late or refused: ${line}`),
      ...endings.filter((code) => code !== 0).map((code) => `exit code at SIGTERM: ${code}`),
    ],
  };
}

// what was started ends with this process, however it is ended
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
say(`torture of the ${log} log for ${seconds} s, seed ${seed}`);
const { verdict, wrong } = await run();
for (const line of [...complaints(verdict), ...wrong]) say(line);
const extra = verdict.extra.length > 0 ? `, ${verdict.extra.length} extra` : '';
say(`torture: ${events} events, ${verdict.expected} alerts, ${verdict.lost.length} lost, ${verdict.duplicated.length} duplicated${extra}`);
process.exitCode = isRight(verdict) && wrong.length === 0 ? 0 : 1;
