/** `run-block-counts.ts [NAME …]`: blocks of code run for an event at both ends of each ratio, as a JSON array. Started by growth-command.ts. */
import { BlockCounter } from './block-counter.js';

const counter = new BlockCounter();
await counter.open();
const { BLOCKS, growthRatios } = await import('./ratios.js');
const { blocksPerEvent } = await import('./measure.js');

const names = process.argv.slice(2);
const results = [];
for (const { name, base, grown, blocksAtMost } of growthRatios(BLOCKS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const before = await blocksPerEvent(base, counter);
  const after = await blocksPerEvent(grown, counter);
  results.push({ name, unit: 'blocks', base: Number(before.toFixed(1)), grown: Number(after.toFixed(1)), ratio: Number((after / before).toFixed(3)), atMost: blocksAtMost });
}
console.log(JSON.stringify(results));
