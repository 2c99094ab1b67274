import { expect, it, jest } from '@jest/globals';
import { runOverload } from './parts/overload-run.js';

jest.setTimeout(300_000);

it('a flood with one hot key, an alert for each event, events that cannot be read and streams that nobody reads: nothing is lost, memory is bounded', async () => {
  const events = 30_000;
  const said: string[] = [];
  const { verdict, put, peakMb, heardAtLast, ending } = await runOverload({ events, bad: 10_000, deafStreams: 20, seed: 1, say: (line) => said.push(line) }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${said.join('\n')}`, { cause: error });
  });
  expect({ verdict, put, heardAtLast, ending }).toEqual({ verdict: { expected: verdict.expected, lost: [], extra: [], duplicated: [] }, put: { different: 10_000, all: 10_000 }, heardAtLast: ['everything'], ending: 0 });
  expect(verdict.expected).toBeGreaterThan(events);
  expect(peakMb).toBeLessThan(1_024);
});
