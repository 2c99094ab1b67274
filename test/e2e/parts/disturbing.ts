import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Brokers } from './brokers.js';
import type { Disturbance } from './disturbance.js';
import type { Service } from './service.js';
import { sleep } from './until.js';
import { changeRule } from './workload.js';

export interface Scene {
  readonly members: readonly Service[];
  readonly cluster: Brokers;
  readonly say: (line: string) => void;
}

/**
 * Carries a plan out. What is done to a member, to its network, or to any broker waits for what was done there before: a slow machine makes
 * it late, and never takes two brokers away at once. Whatever was done is undone before this resolves: every member is ready.
 * @param over what has not begun by then is left out
 * @throws Error when something could not be done or undone; nothing more is begun then
 */
export async function disturb(plan: readonly Disturbance[], scene: Scene, over: AbortSignal): Promise<void> {
  const began = performance.now();
  const last = new Map<string, Promise<void>>();
  const counts = new Map<string, number>();
  const failed = new AbortController();
  const ending = AbortSignal.any([over, failed.signal]);
  const one = async (disturbance: Disturbance): Promise<void> => {
    if (ending.aborted) return;
    scene.say(`${((performance.now() - began) / 1_000).toFixed(1)} s: ${told(disturbance)}`);
    await carryOut(disturbance, scene);
    counts.set(disturbance.kind, (counts.get(disturbance.kind) ?? 0) + 1);
  };
  for (const disturbance of plan) {
    await pauseFor(Math.max(0, disturbance.atMs - (performance.now() - began)), undefined, { signal: ending }).catch(() => undefined);
    if (ending.aborted) break;
    const where = placeOf(disturbance);
    const before = last.get(where) ?? Promise.resolve();
    last.set(where, before.then(() => one(disturbance)).catch((error: unknown) => failed.abort(error)));
  }
  await Promise.all(last.values());
  failed.signal.throwIfAborted();
  await Promise.all(scene.members.map((member) => member.ready()));
  scene.say(`faults: ${[...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${count} ${kind}`).join(', ')}`);
}

const isNetwork = ({ kind }: Disturbance): boolean => ['cut', 'part', 'deafen', 'isolate'].includes(kind);

function placeOf(disturbance: Disturbance): string {
  if (disturbance.kind.endsWith('broker')) return 'brokers';
  return `${isNetwork(disturbance) ? 'network of ' : ''}member ${disturbance.target}`;
}

export function told({ kind, target, forMs, broker }: Disturbance): string {
  const what = kind === 'change' ? `another version of a rule, through member ${target}` : kind.endsWith('broker') ? `${kind} ${target}` : `${kind} member ${target}${broker === undefined ? '' : ` from broker ${broker}`}`;
  return `${what}${forMs > 0 ? ` for ${forMs} ms` : ''}`;
}

async function carryOut({ kind, target, forMs, broker }: Disturbance, { members, cluster }: Scene): Promise<void> {
  const member = members[target] as Service;
  const nodes = broker === undefined ? [1, 2, 3] : [broker];
  switch (kind) {
    case 'kill broker':
      return cluster.kill(target, forMs);
    case 'pause broker':
      return cluster.pause(target, forMs);
    case 'cut':
      return cluster.cut(target);
    case 'part':
    case 'isolate':
      return cluster.hold(target, nodes, 'both', forMs);
    case 'deafen':
      return cluster.hold(target, nodes, 'replies', forMs);
    case 'change':
      return changeRule(member, 'payments');
    case 'kill':
      return killAndStart(member, forMs);
    case 'pause':
      return pauseAndGoOn(member, forMs);
  }
}

/** Does not wait until it is ready: it may be killed again while it opens its tasks. */
async function killAndStart(service: Service, forMs: number): Promise<void> {
  await service.end('SIGKILL');
  await sleep(forMs);
  await service.spawn();
}

async function pauseAndGoOn(service: Service, forMs: number): Promise<void> {
  service.signal('SIGSTOP');
  await sleep(forMs);
  service.signal('SIGCONT');
}
