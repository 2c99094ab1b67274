import type { JsonValue } from '../../src/event/stream-event.js';
import type { Chosen } from './arguments.js';
import { readLines } from './read-lines.js';
import { runWorkload, taskWith } from './run-workload.js';
import { rulesOf, type Workload } from './workload-rules.js';

/** One JSON line, as the other engines' runners print it. */
export function workloadCommand(chosen: Chosen): void {
  const workload = chosen.text('workload') as Workload;
  const [rules, parse, checkpoint, general] = [chosen.number('rules'), chosen.flag('parse'), chosen.flag('checkpoint'), chosen.flag('general')];
  const decoder = new TextDecoder();
  const lines = readLines(chosen.text('input'));
  const events = parse ? lines : lines.map((line) => JSON.parse(decoder.decode(line)) as JsonValue);
  const documents = rulesOf(workload, rules);
  const compiledAt = performance.now();
  const task = taskWith(documents, !general, {}, checkpoint);
  const compileSeconds = (performance.now() - compiledAt) / 1_000;
  const { seconds, threadSeconds, matches, checkpointBytes, events: count } = runWorkload(task, events, { checkpoint, fast: !general });
  console.log(
    JSON.stringify({
      engine: general ? 'vigil (general matcher)' : 'vigil',
      workload,
      ...(workload.startsWith('W5') ? { rules } : {}),
      events: count,
      seconds: Number(seconds.toFixed(3)),
      events_per_s: Math.round(count / seconds),
      matches,
      thread_seconds: Number(threadSeconds.toFixed(3)),
      parse,
      compile_seconds: Number(compileSeconds.toFixed(3)),
      ...(checkpoint ? { checkpoint_bytes: checkpointBytes } : {}),
    }),
  );
}
