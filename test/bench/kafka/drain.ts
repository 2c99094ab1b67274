import { until } from '../../e2e/parts/until.js';
import { AlertReader, differenceOf } from './alert-reader.js';
import { createTopic, fillTopic } from './cluster.js';
import type { Contestant, Prepared, Running, Surroundings } from './contestant.js';
import { SPARSE } from './payments.js';
import { ProcessUse } from './process-use.js';

/** One run over a topic that was full before. */
export interface DrainResult {
  readonly contestant: string;
  readonly round: number;
  readonly events: number;
  readonly events_per_s: number;
  /** by processor time of all threads of the process */
  readonly events_per_cpu_s: number;
  readonly peak_mb: number;
  readonly alerts: number;
  /** '' where exactly the right alerts came; otherwise the figures mean nothing */
  readonly difference: string;
}

/** Start and end of what is measured, as shares of the events: the rest is start-up and tail. */
const [FROM, TO] = [0.05, 0.95];
const WITHIN_MS = 180_000;

export interface DrainOptions {
  readonly events: number;
  readonly rounds: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** All contestants in turn, round by round. */
export async function drains(contestants: readonly Contestant[], surroundings: Surroundings, { events, rounds, seed, say }: DrainOptions): Promise<DrainResult[]> {
  await createTopic(surroundings.brokers, surroundings.topic);
  const runs: { contestant: Contestant; round: number; prepared: Prepared }[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) runs.push({ contestant, round, prepared: await contestant.prepare(surroundings, `drain-${contestant.name.replaceAll(' ', '-')}-${round}`) });
  }
  say(`writing ${events} payments`);
  const expected = await fillTopic(surroundings.brokers, surroundings.topic, { count: events, seed, mix: SPARSE });
  const results: DrainResult[] = [];
  for (const { contestant, round, prepared } of runs) {
    const result = await drain({ contestant, round, prepared, surroundings, events, expected });
    say(JSON.stringify(result));
    results.push(result);
  }
  return results;
}

interface Run {
  readonly contestant: Contestant;
  readonly round: number;
  readonly prepared: Prepared;
  readonly surroundings: Surroundings;
  readonly events: number;
  readonly expected: readonly string[];
}

async function drain({ contestant, round, prepared, surroundings, events, expected }: Run): Promise<DrainResult> {
  const reader = contestant.alerts ? new AlertReader(surroundings.brokers, prepared.out) : null;
  await reader?.ready();
  const running = await prepared.start();
  const use = new ProcessUse(running.pid);
  try {
    if (reader !== null) await reader.until(expected.length, WITHIN_MS);
    else await until(() => (running.progress.at(-1)?.events ?? 0) >= events, `${contestant.name}: ${events} events`, WITHIN_MS);
    await running.stop();
    // what was repeated or wrong would have come by now: the process has ended
    const difference = reader === null ? '' : differenceOf(expected, reader.all);
    if (difference !== '') return { contestant: contestant.name, round, events, events_per_s: NaN, events_per_cpu_s: NaN, peak_mb: use.peakMb, alerts: expected.length, difference };
    const times = [FROM, TO].map((share) => (reader === null ? timeOfProgress(running, share * events) : (reader.all[Math.floor(share * (expected.length - 1))] as { at: number }).at));
    const [from, to] = times as [number, number];
    const share = (TO - FROM) * events;
    return {
      contestant: contestant.name, round, events,
      events_per_s: Math.round(share / ((to - from) / 1_000)),
      events_per_cpu_s: Math.round(share / use.cpuSeconds(from, to)),
      peak_mb: use.peakMb,
      alerts: reader === null ? 0 : expected.length,
      difference: '',
    };
  } finally {
    use.stop();
    reader?.stop();
    await running.stop();
  }
}

/** When the process said to have taken so many events, between what it said before and after. */
function timeOfProgress({ progress }: Running, events: number): number {
  const after = progress.findIndex((one) => one.events >= events);
  const [left, right] = [progress[after - 1], progress[after]];
  if (right === undefined || left === undefined) return right?.at ?? NaN;
  return left.at + ((right.at - left.at) * (events - left.events)) / (right.events - left.events);
}
