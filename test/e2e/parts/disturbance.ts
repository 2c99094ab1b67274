import { dice } from '../../dice.js';

/**
 * `kill` and a start after `forMs`; `pause` and going on after `forMs`; `change`: a member is given another version of a rule. Of the network
 * between a member and the brokers: `cut` ends all connections, `part` lets nothing pass to and from one broker, `deafen` lets requests
 * pass to one broker and no replies, `isolate` lets nothing pass at all; what was sent meanwhile passes after `forMs`.
 */
export type Kind = 'kill' | 'pause' | 'kill broker' | 'pause broker' | 'change' | 'cut' | 'part' | 'deafen' | 'isolate';

/** What is done to a member or a broker, at a time since the first event. */
export interface Disturbance {
  readonly atMs: number;
  readonly kind: Kind;
  /** number of the member, or of the broker */
  readonly target: number;
  readonly forMs: number;
  /** of `part` and `deafen`: the broker */
  readonly broker?: number;
}

/** SIGKILL at regular times, one member after the other. */
export function killEvery(everyMs: number, durationMs: number, members: number): Disturbance[] {
  const kills = everyMs > 0 ? Math.floor((durationMs - 1) / everyMs) : 0;
  return Array.from({ length: kills }, (_, i) => ({ atMs: (i + 1) * everyMs, target: i % members, kind: 'kill', forMs: 0 }));
}

/**
 * Kills and pauses at random, two to ten seconds apart: kills of both members close together, pauses shorter and longer than a
 * group's session, other versions of rules. The same seed gives the same plan.
 * @param brokers how many may be disturbed, and cut off from members: one at a time, each with time to catch up before the next
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
  if (brokers > 0) plan.push(...ofBrokers(random, durationMs, brokers), ...ofRules(random, durationMs, members), ...ofNetwork(random, durationMs, members, brokers));
  return plan.sort((a, b) => a.atMs - b.atMs);
}

function ofBrokers(random: () => number, durationMs: number, brokers: number): Disturbance[] {
  const plan: Disturbance[] = [];
  for (let atMs = 5_000 + random() * 5_000; atMs < durationMs; ) {
    const forMs = Math.round(500 + random() * 12_000);
    plan.push({ atMs: Math.round(atMs), target: 1 + Math.floor(random() * brokers), kind: random() < 0.6 ? 'kill broker' : 'pause broker', forMs });
    atMs += forMs + 12_000 + random() * 10_000;
  }
  return plan;
}

function ofRules(random: () => number, durationMs: number, members: number): Disturbance[] {
  const plan: Disturbance[] = [];
  for (let atMs = 10_000 + random() * 10_000; atMs < durationMs; atMs += 10_000 + random() * 20_000) plan.push({ atMs: Math.round(atMs), target: Math.floor(random() * members), kind: 'change', forMs: 0 });
  return plan;
}

/** Shorter and longer than a request is waited for, and than a session lasts; `isolate` is always longer than that. */
function ofNetwork(random: () => number, durationMs: number, members: number, brokers: number): Disturbance[] {
  const plan: Disturbance[] = [];
  for (let atMs = 3_000 + random() * 4_000; atMs < durationMs; atMs += 2_000 + random() * 8_000) {
    const at = { atMs: Math.round(atMs), target: Math.floor(random() * members) };
    const broker = 1 + Math.floor(random() * brokers);
    const which = random();
    const long = random();
    if (which < 0.3) plan.push({ ...at, kind: 'cut', forMs: 0 });
    else if (which < 0.85) plan.push({ ...at, kind: which < 0.6 ? 'part' : 'deafen', broker, forMs: Math.round(500 + long * 14_000) });
    else plan.push({ ...at, kind: 'isolate', forMs: Math.round(8_000 + long * 8_000) });
  }
  return plan;
}
