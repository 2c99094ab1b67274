import { dice } from '../../dice.js';

/** What is done to a member or a broker, at a time since the first event. */
export interface Disturbance {
  readonly atMs: number;
  /** `kill` and a start after `forMs`; `pause` and going on after `forMs`; `change`: a member is given another version of a rule */
  readonly kind: 'kill' | 'pause' | 'kill broker' | 'pause broker' | 'change';
  /** number of the member, or of the broker */
  readonly target: number;
  readonly forMs: number;
}

/** SIGKILL at regular times, one member after the other. */
export function killEvery(everyMs: number, durationMs: number, members: number): Disturbance[] {
  const kills = everyMs > 0 ? Math.floor((durationMs - 1) / everyMs) : 0;
  return Array.from({ length: kills }, (_, i) => ({ atMs: (i + 1) * everyMs, target: i % members, kind: 'kill', forMs: 0 }));
}

/**
 * Kills and pauses at random, two to ten seconds apart: kills of both members close together, pauses shorter and longer than a
 * group's session, other versions of rules. The same seed gives the same plan.
 * @param brokers how many may be disturbed: one at a time, each with time to catch up before the next
 */
export function randomPlan(seed: number, durationMs: number, members: number, brokers = 0): Disturbance[] {
  const random = dice(seed);
  const plan: Disturbance[] = [];
  for (let atMs = 2_000 + random() * 4_000; atMs < durationMs; atMs += 2_000 + random() * 8_000) {
    const target = Math.floor(random() * members);
    const kind = random() < 0.6 ? 'kill' : 'pause';
    const forMs = Math.round(kind === 'kill' ? random() * 3_000 : 200 + random() * 10_000);
    plan.push({ atMs: Math.round(atMs), target, kind, forMs });
    if (kind === 'kill' && random() < 0.25 && members > 1) plan.push({ atMs: Math.round(atMs + random() * 500), target: 1 - target, kind: 'kill', forMs: 0 });
  }
  if (brokers === 0) return plan.sort((a, b) => a.atMs - b.atMs);
  for (let atMs = 5_000 + random() * 5_000; atMs < durationMs; ) {
    const forMs = Math.round(500 + random() * 12_000);
    plan.push({ atMs: Math.round(atMs), target: 1 + Math.floor(random() * brokers), kind: random() < 0.6 ? 'kill broker' : 'pause broker', forMs });
    atMs += forMs + 12_000 + random() * 10_000;
  }
  for (let atMs = 10_000 + random() * 10_000; atMs < durationMs; atMs += 10_000 + random() * 20_000) plan.push({ atMs: Math.round(atMs), target: Math.floor(random() * members), kind: 'change', forMs: 0 });
  return plan.sort((a, b) => a.atMs - b.atMs);
}
