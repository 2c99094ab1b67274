import { dice } from './workload.js';

/** What is done to a member, at a time since the first event. */
export interface Disturbance {
  readonly atMs: number;
  readonly member: number;
  /** `kill` and a start after `forMs`; `pause` and going on after `forMs` */
  readonly kind: 'kill' | 'pause';
  readonly forMs: number;
}

/** SIGKILL at regular times, one member after the other. */
export function killEvery(everyMs: number, durationMs: number, members: number): Disturbance[] {
  const kills = everyMs > 0 ? Math.floor((durationMs - 1) / everyMs) : 0;
  return Array.from({ length: kills }, (_, i) => ({ atMs: (i + 1) * everyMs, member: i % members, kind: 'kill', forMs: 0 }));
}

/**
 * Kills and pauses at random, two to ten seconds apart: kills of both members close together, pauses shorter and longer than a
 * group's session. The same seed gives the same plan.
 */
export function randomPlan(seed: number, durationMs: number, members: number): Disturbance[] {
  const random = dice(seed);
  const plan: Disturbance[] = [];
  for (let atMs = 2_000 + random() * 4_000; atMs < durationMs; atMs += 2_000 + random() * 8_000) {
    const member = Math.floor(random() * members);
    const kind = random() < 0.6 ? 'kill' : 'pause';
    const forMs = Math.round(kind === 'kill' ? random() * 3_000 : 200 + random() * 10_000);
    plan.push({ atMs: Math.round(atMs), member, kind, forMs });
    if (kind === 'kill' && random() < 0.25 && members > 1) plan.push({ atMs: Math.round(atMs + random() * 500), member: 1 - member, kind: 'kill', forMs: 0 });
  }
  return plan.sort((a, b) => a.atMs - b.atMs);
}
