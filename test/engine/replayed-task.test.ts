import { expect, it } from '@jest/globals';
import { ReplayedTask, ReplayDiffers } from './replayed-task.js';

/** Each is a task with rules, changes and owners of its own: `REPLAY_SEEDS=5000 npm run jest -- test/engine/replayed-task.test.ts` runs more. */
const SEEDS = Number(process.env['REPLAY_SEEDS'] ?? 150);
const ENTRIES = 25;

it('finds the same alerts and comes to the same state from wherever it is read, while its owners go on', () => {
  const counts = { openings: 0, replayed: 0, alerts: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const task = new ReplayedTask(seed);
    try {
      task.run(ENTRIES);
    } catch (error) {
      throw error instanceof ReplayDiffers ? new Error(`seed ${seed}: ${error.message}`) : error;
    }
    for (const name of ['openings', 'replayed', 'alerts'] as const) counts[name] += task.counts[name];
  }
  // no more is shown than was done
  expect(counts.openings).toBeGreaterThan(SEEDS * 5);
  expect(counts.replayed).toBeGreaterThan(SEEDS * 30);
  expect(counts.alerts).toBeGreaterThan(SEEDS * 20);
});
