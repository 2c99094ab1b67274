import { expect, it, jest } from '@jest/globals';
import { runRecovery } from './parts/recovery-run.js';

jest.setTimeout(180_000);

it('a member that follows carries on the tasks of one that was killed without reading their checkpoints, and so does that one when it is back', async () => {
  const said: string[] = [];
  const { allTasksMs, openings, returned } = await runRecovery({ comesBack: true, keys: 3_000, rate: 300, scenario: 'takeover', standby: true, sessionTimeoutMs: 1_500, say: (line) => said.push(line) });
  for (const opened of [openings, returned]) {
    expect(opened.map(({ task, followed, steps }) => ({ task, followed, checkpointMs: steps['checkpointMs'] }))).toEqual(opened.map(({ task }) => ({ task, followed: true, checkpointMs: 0 })));
    expect(opened.length).toBeGreaterThanOrEqual(3);
  }
  // the session, a rebalance and a fence; the rest is for a machine that does other things
  expect(allTasksMs).toBeLessThan(10_000);
});
