import { expect, it, jest } from '@jest/globals';
import { countedBlocks } from './growth-command.js';

jest.setTimeout(120_000);

/** Counts, not times: they are the same however busy the machine is. */
it('an event costs about the same however many keys, rules, open matches and timers there are, however long windows last', () => {
  const results = countedBlocks([]);
  expect(results.filter(({ ratio, atMost }) => ratio > atMost)).toEqual([]);
  // every end of every ratio ran code that was counted
  expect(results.map(({ base, grown }) => base > 20 && grown > 20)).toEqual(Array.from({ length: 10 }, () => true));
});
