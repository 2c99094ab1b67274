import type { SimulatedRandom } from './simulated-random.js';

/** Probabilities, 0 to 1, each for one occasion; what is not named is 0. */
export interface FaultRates {
  /** read and ends: a transient error */
  readonly readFails: number;
  /** read: gives less than there is, perhaps no record at all but a later offset */
  readonly readShort: number;
  /** fence: an error, and nothing happened */
  readonly fenceFailsBefore: number;
  /** fence: an error, but it took effect */
  readonly fenceFailsAfter: number;
  /** transact: unknown, and nothing happened */
  readonly requestLost: number;
  /** transact: unknown, but committed */
  readonly replyLost: number;
  /** transact: unknown, some or all of it is written and pending; the next fence or the transaction timeout aborts it */
  readonly leftOpen: number;
  /** transact: unknown, all of it is pending, and commits some seconds later unless a fence or the timeout aborts it before */
  readonly commitsLater: number;
  /** append: an error, and from nothing to all of it was written */
  readonly appendFails: number;
  /** the end of a transaction reaches a partition late, after the answer */
  readonly markerLate: number;
  /** any request or reply: takes up to `stallMsMax` */
  readonly stall: number;
  /** any request or reply: its process dies there */
  readonly crash: number;
  /** any request or reply: its process stops there for up to `pauseMsMax`, often beyond its session, and goes on as a zombie */
  readonly pause: number;
  /** a task goes to its new owner before the old one is told, who learns it some seconds later */
  readonly revocationLate: number;
  /** a task goes to its new owner and the old one is never told */
  readonly revocationLost: number;
  /** a task is assigned to two members; some seconds later one of them is told that it has lost it */
  readonly assignedTwice: number;
  /** a member that comes back from beyond its session gets `onLost` */
  readonly memberLost: number;
  /** after a commit to a compacted topic, the partition is compacted */
  readonly compacts: number;
}

export type FaultName = keyof FaultRates;

export const FAULT_NAMES: readonly FaultName[] = [
  'readFails', 'readShort', 'fenceFailsBefore', 'fenceFailsAfter', 'requestLost', 'replyLost', 'leftOpen', 'commitsLater', 'appendFails',
  'markerLate', 'stall', 'crash', 'pause', 'revocationLate', 'revocationLost', 'assignedTwice', 'memberLost', 'compacts',
];

/** Rates at which every fault happens several times in some hundred operations and work still gets done. */
export const OFTEN: FaultRates = {
  readFails: 0.05, readShort: 0.3, fenceFailsBefore: 0.1, fenceFailsAfter: 0.1, requestLost: 0.04, replyLost: 0.04, leftOpen: 0.04, commitsLater: 0.04,
  appendFails: 0.05, markerLate: 0.1, stall: 0.02, crash: 0.004, pause: 0.004, revocationLate: 0.2, revocationLost: 0.1, assignedTwice: 0.05,
  memberLost: 0.2, compacts: 0.1,
};

/**
 * A random half of the faults, each at up to twice its usual rate. Runs that each leave some faults out find more than runs with all
 * of them, since faults hide one another (Groce, Zhang, Eide, Chen, Regehr: Swarm Testing, ISSTA 2012).
 */
export function swarm(random: SimulatedRandom, rates: Partial<FaultRates> = OFTEN): Partial<FaultRates> {
  const chosen: Partial<Record<FaultName, number>> = {};
  for (const name of FAULT_NAMES) if (random.chance(0.5)) chosen[name] = Math.min(1, (rates[name] ?? 0) * 2 * random.unit());
  return chosen;
}

/** Throws the dice, and counts. */
export class FaultDice {
  readonly counts = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])) as Record<FaultName, number>;
  #calm = false;

  constructor(
    readonly random: SimulatedRandom,
    readonly rates: Partial<FaultRates>,
    readonly most: Partial<Record<FaultName, number>>,
  ) {}

  /** Whether the fault happens now. One that cannot happen takes nothing from the random source. */
  strikes(name: FaultName): boolean {
    if (this.#calm || this.counts[name] >= (this.most[name] ?? Infinity) || !this.random.chance(this.rates[name] ?? 0)) return false;
    this.counts[name]++;
    return true;
  }

  /** No fault from now on. */
  calm(): void {
    this.#calm = true;
  }
}
