import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ArgumentError, type Chosen } from '../arguments.js';
import { chosenOf } from '../names.js';
import { median, short, table } from '../table.js';
import { withBroker } from './cluster.js';
import type { Contestant, Surroundings } from './contestant.js';
import { drains, type DrainResult } from './drain.js';
import { FLINK_CONTESTANTS } from './flink-contestant.js';
import { latency, type LatencyResult } from './latency.js';
import { LOOP_CONTESTANTS } from './loop-contestants.js';
import { threadsVariant, VIGIL_VARIANTS, vigilOn } from './vigil-contestant.js';

/** Results as they come; what else there is to say goes to the other stream. */
const say = (line: string): void => (line.startsWith('{') ? console.log(line) : console.error(line));

/**
 * The service on a real broker against bare client loops. Figures are printed only where exactly the right alerts came.
 * @returns 1 where the service's were not
 */
export async function kafkaCommand(chosen: Chosen): Promise<number> {
  const workers = chosen.number('workers');
  const services = [...VIGIL_VARIANTS, ...(workers === 1 ? [] : [threadsVariant(workers)])].map(vigilOn);
  const contestants = chosenOf('only', chosen.textOr('only'), [...services, ...FLINK_CONTESTANTS, ...LOOP_CONTESTANTS], ({ name }) => name);
  const rates = ratesOf(chosen.text('rates'));
  const profile = chosen.textOr('profile');
  if (profile !== null) mkdirSync(profile, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'vigil-bench-kafka-'));
  try {
    return await withBroker(async (brokers) => {
      const surroundings: Surroundings = { brokers, topic: 'payments', folder, profile: profile === null ? null : resolve(profile) };
      const drained = await drains(contestants, surroundings, { events: chosen.number('events'), rounds: chosen.number('rounds'), seed: chosen.number('seed'), say });
      console.log(`\n${drainTable(contestants, drained)}\n`);
      const latencies: LatencyResult[] = [];
      for (const rate of rates) {
        for (const contestant of contestants.filter(({ alerts }) => alerts)) {
          latencies.push(await latency(contestant, surroundings, { rate, seconds: chosen.number('seconds'), seed: chosen.number('seed') }));
          console.log(JSON.stringify(latencies.at(-1)));
        }
      }
      if (latencies.length > 0) console.log(`\n${latencyTable(latencies)}`);
      return [...drained, ...latencies].some(({ contestant, difference }) => services.some(({ name }) => name === contestant) && difference !== '') ? 1 : 0;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ratesOf(text: string): number[] {
  const rates = text.split(',').map(Number);
  if (rates.some((rate) => !Number.isInteger(rate) || rate < 0 || rate > 100_000)) throw new ArgumentError(`--rates: found ${text}, expected whole numbers from 0 to 100000, comma separated`);
  return rates.filter((rate) => rate > 0);
}

function drainTable(contestants: readonly Contestant[], results: readonly DrainResult[]): string {
  const rows = contestants.map(({ name, about }) => {
    const own = results.filter(({ contestant }) => contestant === name);
    const rates = own.map((result) => result.events_per_s);
    const wrong = own.find(({ difference }) => difference !== '');
    if (wrong !== undefined) return [name, 'none', '', '', '', wrong.difference];
    return [name, `${short(median(rates))} (${short(Math.min(...rates))}–${short(Math.max(...rates))})`, short(median(own.map((result) => result.events_per_cpu_s))), `${Math.max(...own.map((result) => result.peak_mb))} MB`, String(own[0]?.alerts ?? 0), about];
  });
  return table(['drain', 'events/s, median (min–max)', 'events per core second', 'peak memory', 'alerts', ''], rows);
}

function latencyTable(results: readonly LatencyResult[]): string {
  const rows = results.map(({ contestant, rate, alerts, p50_ms, p90_ms, p99_ms, max_ms, cpu_share, difference }) => difference !== '' ? [contestant, `${rate}/s`, difference, '', '', '', '', ''] : [contestant, `${rate}/s`, String(alerts), ...[p50_ms, p90_ms, p99_ms, max_ms].map((ms) => `${ms} ms`), `${Math.round(cpu_share * 100)} %`]);
  return table(['event to alert', 'rate', 'alerts', 'p50', 'p90', 'p99', 'max', 'of a core'], rows);
}
