import { afterAll, describe, expect, it } from '@jest/globals';
import { addFaults, BREAKS, simulate, SimulationFailure, type Break, type SimulationReport } from './task-simulation.js';

/** Seeds of one run of the suite; `npm run sim` runs others. */
const SEEDS = 2_000;
const SEEDS_PER_TEST = 250;
/** The first failing seed of each broken protocol comes long before this one. */
const SEEDS_TO_NOTICE = 300;

const reports: SimulationReport[] = [];

describe('the task runner over a log that loses, delays and repeats', () => {
  for (let first = 1; first <= SEEDS; first += SEEDS_PER_TEST) {
    it(`seeds ${first} to ${first + SEEDS_PER_TEST - 1}: every input once, alerts and state as in a fault-free run, an end`, async () => {
      for (let seed = first; seed < first + SEEDS_PER_TEST; seed++) reports.push(await simulate({ seed }));
    }, 240_000);
  }

  it(`${SEEDS_PER_TEST} seeds with every pattern on the general matcher`, async () => {
    for (let seed = 1; seed <= SEEDS_PER_TEST; seed++) await simulate({ seed, general: true });
  }, 240_000);

  it('meets every fault many times', () => {
    const rare = Object.entries(addFaults(reports)).filter(([name, count]) => name !== 'appendFails' && count < SEEDS / 100);
    expect(rare).toEqual([]);
    expect(reports.reduce((sum, { counted }) => sum + counted, 0)).toBeGreaterThan(SEEDS / 2);
    expect(reports.reduce((sum, { warmUps }) => sum + warmUps, 0)).toBeGreaterThan(SEEDS / 2);
  });

  it('carries on many a task that was followed', () => {
    expect(reports.reduce((sum, { takeovers }) => sum + takeovers, 0)).toBeGreaterThan(SEEDS / 2);
  });

  it('equal seeds give equal runs', async () => {
    expect(await simulate({ seed: 7 })).toEqual(await simulate({ seed: 7 }));
  });

  afterAll(() => {
    const steps = reports.reduce((sum, report) => sum + report.steps, 0);
    process.stdout.write(`${reports.length} seeds, ${steps} steps, faults: ${Object.entries(addFaults(reports)).map(([name, count]) => `${name} ${count}`).join(', ')}\n`);
  });
});

describe('without a rule of the protocol the simulation notices', () => {
  for (const without of BREAKS) {
    it(without, async () => expect(await firstFailure(without)).toMatchObject({ name: 'SimulationFailure' }), 120_000);
  }
});

async function firstFailure(without: Break): Promise<SimulationFailure | null> {
  for (let seed = 1; seed <= SEEDS_TO_NOTICE; seed++) {
    try {
      await simulate({ seed, without, zombies: seed % 2 === 0 });
    } catch (error) {
      if (error instanceof SimulationFailure) return error;
      throw error;
    }
  }
  return null;
}
