import { expect, it, jest } from '@jest/globals';
import { runRecovery } from './parts/recovery-run.js';

jest.setTimeout(180_000);

it('a member that follows carries on the tasks of one that was killed, without reading their checkpoints', async () => {
  const said: string[] = [];
  const { allTasksMs, openings } = await runRecovery({ keys: 3_000, rate: 300, scenario: 'takeover', standby: true, sessionTimeoutMs: 1_500, say: (line) => said.push(line) });
  expect(openings.map(({ task, followed, steps }) => ({ task, followed, checkpointMs: steps['checkpointMs'] }))).toEqual(openings.map(({ task }) => ({ task, followed: true, checkpointMs: 0 })));
  expect(openings.length).toBeGreaterThanOrEqual(3);
  // the session, a rebalance and a fence; the rest is for a machine that does other things
  expect(allTasksMs).toBeLessThan(10_000);
});
