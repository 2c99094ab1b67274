/**
 * Runs seeds of the task simulation until the time is over:
 *
 *     npm run sim -- [--seconds N] [--count N] [--seed S] [--break NAME] [--trace] [--zombies] [--general] [--keep-going] [--verbose]
 *
 * `--general` runs patterns on the general matcher. `--break` leaves a rule of the protocol out: then a failure is what is wanted.
 */
import { parseArgs } from 'node:util';
import { addFaults, BREAKS, simulate, SimulationFailure, type Break, type SimulationReport } from './task-simulation.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    break: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    zombies: { type: 'boolean', default: false },
    general: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
if (values.break !== undefined && !(BREAKS as readonly string[]).includes(values.break)) throw new Error(`--break ${values.break}: expected one of ${BREAKS.join(', ')}`);
const without = values.break as Break | undefined;
const until = performance.now() + 1_000 * Number(values.seconds ?? (values.count === undefined ? 60 : Infinity));
const last = Number(values.seed) + Number(values.count ?? Infinity) - 1;
const reports: SimulationReport[] = [];
const failures: SimulationFailure[] = [];
const startedAt = performance.now();

let stopped = false;
// asked to end, it tells what it has seen so far
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void (stopped = true));

for (let seed = Number(values.seed); seed <= last && performance.now() < until && !stopped; seed++) {
  try {
    const report = await simulate({ seed, without, trace: values.trace, zombies: values.zombies, general: values.general });
    reports.push(report);
    if (values.count === '1') console.log(report);
    else if (values.verbose) console.log(`seed ${seed}: ${report.steps} steps, ${report.simulatedMs} ms`);
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    failures.push(error);
    if (values.trace) console.log(error.trace.join('\n'));
    console.log(error.message);
    if (!values['keep-going']) break;
  }
}

const sum = (of: (report: SimulationReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
const seconds = (performance.now() - startedAt) / 1_000;
console.log(`${reports.length + failures.length} seeds from ${values.seed}, ${failures.length} failed, ${seconds.toFixed(1)} s`);
console.log(`events ${sum((r) => r.events)}, journal entries ${sum((r) => r.entries)}, output records ${sum((r) => r.outputs)}, counted by hand ${sum((r) => r.counted)}, steps ${sum((r) => r.steps)}, drains ${sum((r) => r.drains)}, openings ${sum((r) => r.openings)}, of tasks that were followed ${sum((r) => r.takeovers)}, parts of savepoints ${sum((r) => r.savepointParts)}, of ${sum((r) => r.savepoints)} that became complete, alerts after restoring them ${sum((r) => r.restoredAlerts)}, warm-ups ${sum((r) => r.warmUps)} in ${sum((r) => r.warmUpSteps)} steps`);
console.log(`faults: ${Object.entries(addFaults(reports)).map(([name, count]) => `${name} ${count}`).join(', ')}`);
if (failures.length > 0) console.log(`failed seeds: ${failures.map(({ seed }) => seed).join(' ')}`);
process.exitCode = failures.length === 0 ? 0 : 1;
