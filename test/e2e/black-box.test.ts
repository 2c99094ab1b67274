import { expect, it, jest } from '@jest/globals';
import { killEvery } from './parts/disturbance.js';
import { runEmbedded } from './parts/embedded-run.js';

jest.setTimeout(180_000);

it('the embedded service finds every alert once, though it is killed twice while events come', async () => {
  const said: string[] = [];
  const { verdict, ending } = await runEmbedded({ events: 6_000, rate: 600, seed: 7, disturbances: killEvery(3_500, 10_000, 1), say: (line) => said.push(line) });
  expect({ ...verdict, said: said.filter((line) => line.includes('kill')).length, ending }).toEqual({ expected: verdict.expected, lost: [], extra: [], duplicated: [], said: 2, ending: 0 });
  expect(verdict.expected).toBeGreaterThan(1_000);
});
