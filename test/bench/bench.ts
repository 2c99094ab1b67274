/**
 * `npm run bench -- --workload W --input FILE [--parse] [--rules R] [--checkpoint] [--general]`: the engine in process over a workload's file.
 * Prints one JSON line as the other engines' runners do. `--parse` starts from bytes, otherwise events are parsed beforehand; `--checkpoint`
 * also encodes changed keys; `--general` runs patterns on the general matcher.
 */
import { parseArgs } from 'node:util';
import type { JsonValue } from '../../src/event/stream-event.js';
import { readLines } from './read-lines.js';
import { runWorkload, taskWith } from './run-workload.js';
import { rulesOf, WORKLOADS, type Workload } from './workload-rules.js';

const { values } = parseArgs({
  options: {
    workload: { type: 'string' },
    input: { type: 'string' },
    rules: { type: 'string', default: '1000' },
    parse: { type: 'boolean', default: false },
    checkpoint: { type: 'boolean', default: false },
    general: { type: 'boolean', default: false },
  },
});

function usage(problem: string): never {
  console.error(`${problem}\nusage: npm run bench -- --workload ${WORKLOADS.join('|')} --input FILE [--parse] [--rules R] [--checkpoint] [--general]`);
  process.exit(2);
}

const workload = WORKLOADS.find((name) => name === values.workload?.toUpperCase()) ?? usage(`unknown workload ${values.workload ?? '(none)'}`);
const input = values.input ?? usage('no input file');
const rules = Number(values.rules);
if (!Number.isInteger(rules) || rules < 1) usage(`--rules ${values.rules}: expected a whole number from 1`);

const decoder = new TextDecoder();
const lines = readLines(input);
const events = values.parse ? lines : lines.map((line) => JSON.parse(decoder.decode(line)) as JsonValue);
const documents = rulesOf(workload satisfies Workload, rules);
const compiledAt = performance.now();
const task = taskWith(documents, !values.general);
const compileSeconds = (performance.now() - compiledAt) / 1_000;
const { seconds, threadSeconds, matches, checkpointBytes, events: count } = runWorkload(task, events, { checkpoint: values.checkpoint, fast: !values.general });
console.log(
  JSON.stringify({
    engine: values.general ? 'vigil (general matcher)' : 'vigil',
    workload,
    ...(workload === 'W5' ? { rules } : {}),
    events: count,
    seconds: Number(seconds.toFixed(3)),
    events_per_s: Math.round(count / seconds),
    matches,
    thread_seconds: Number(threadSeconds.toFixed(3)),
    parse: values.parse,
    compile_seconds: Number(compileSeconds.toFixed(3)),
    ...(values.checkpoint ? { checkpoint_bytes: checkpointBytes } : {}),
  }),
);
