/**
 * `node --experimental-transform-types --import ./test/contract/typescript-imports.mjs test/bench/run-decode.ts FILE [path,path…]`: what it takes to
 * decode the events of a file by scanning and with JSON.parse, by turns in one run, in processor time of the thread. Prints one JSON line.
 */
import { EventDecoder } from '../../src/engine/events/event-decoder.js';
import { emptyEventRecord } from '../../src/engine/events/event-record.js';
import { SlotLayout } from '../../src/event/slot-layout.js';
import { sourceSchema } from '../../src/rules/source-schema.js';
import { readLines } from './read-lines.js';

const ROUNDS = 7;
const [file, paths = 'card,amountMinor'] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: run-decode.ts FILE [path,path…]');
  process.exit(2);
}

const lines = readLines(file);
const source = sourceSchema.parse({ topic: 'events', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' } });
const layout = new SlotLayout();
const slots = paths.split(',').map((path) => layout.slotOf(path));

function decoder(fast: boolean): EventDecoder {
  const made = new EventDecoder('events', source, fast);
  made.wants(layout, slots);
  return made;
}

/** ns of the thread for one event. */
function timeOf(made: EventDecoder): number {
  const event = emptyEventRecord();
  const before = process.threadCpuUsage();
  for (const line of lines) {
    const unreadable = made.decode(line, event);
    if (unreadable !== null) throw new Error(`${unreadable.code}: ${unreadable.detail}`);
  }
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1e3) / lines.length;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

const both = [decoder(true), decoder(false)].map((made) => ({ made, times: [] as number[] }));
for (let round = 0; round < ROUNDS; round++) for (const { made, times } of both) times.push(timeOf(made));
const [scan, parse] = both.map(({ times }) => median(times)) as [number, number];
console.log(JSON.stringify({ events: lines.length, paths, scan_ns: Math.round(scan), json_parse_ns: Math.round(parse), ratio: Number((parse / scan).toFixed(2)) }));
