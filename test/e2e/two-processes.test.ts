import { expect, it, jest } from '@jest/globals';
import { killEvery } from './parts/disturbance.js';
import { runTwoProcesses } from './parts/two-processes-run.js';

jest.setTimeout(300_000);

it('two processes over one Kafka find every alert once, though each is killed while events come', async () => {
  const said: string[] = [];
  const { verdict, followed, refused, endings } = await runTwoProcesses({ events: 4_000, rate: 400, seed: 1, disturbances: killEvery(3_500, 10_000, 2), say: (line) => said.push(line) });
  const right = { expected: verdict.expected, lost: [], extra: [], duplicated: [] };
  expect({ verdict, followed, refused, endings }).toEqual({ verdict: right, followed: right, refused: [], endings: [0, 0] });
  expect(said.filter((line) => /^[\d.]+ s: kill/.test(line)).map((line) => line.replace(/^.*: /, ''))).toEqual(['kill member 0', 'kill member 1']);
  expect(verdict.expected).toBeGreaterThan(600);
});
