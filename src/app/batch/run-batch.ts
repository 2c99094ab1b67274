import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { BatchError } from './batch-error.js';
import { inputOf } from './lines.js';
import { Progress } from './progress.js';
import { BatchRun, mergeOutcomes, type BatchOptions, type Chunk, type Outcome } from './run-share.js';
import { chunksOfThread } from './share-thread.js';
import { setsOf, type Share } from './shares.js';

export interface RunCommand extends BatchOptions {
  /** threads, which share the rules, or the keys where there are too few rules; default: one, or for large files one for each core, where rules can be shared */
  readonly workers?: number;
  readonly strict?: boolean;
  /** default: where stderr is a terminal */
  readonly progress?: boolean;
}

const REFUSALS_SHOWN = 10;
/** Input that is worth the start of threads, bytes on disk. */
const LARGE_BYTES = 64 << 20;
const LARGE_GZIP_BYTES = 8 << 20;
/** Every thread reads all of the input, so more of them gain little. */
const WORKERS_BY_DEFAULT_MAX = 8;

/**
 * Runs rules over files of events with the engine of the service, and ends with them. Files of several sources are merged by event time as
 * they stand. The number of workers changes nothing in what is written.
 */
export async function runBatch(command: RunCommand): Promise<void> {
  const run = new BatchRun(command, { index: 0, of: 1, by: 'rules' });
  const sets = setsOf(run.rules).length;
  const workers = workersFor(command, sets);
  const by: Share['by'] = sets >= workers ? 'rules' : 'keys';
  const shares = workers === 1 ? [run.chunks()] : Array.from({ length: workers }, (_, index) => chunksOfThread(command, { index, of: workers, by }));
  const isShown = command.progress ?? process.stderr.isTTY === true;
  const progress = isShown ? new Progress(run.reader.size, (line) => process.stderr.write(`${line}\n`)) : null;
  const report = new Report(command.strict === true);
  try {
    for (;;) {
      const next = await Promise.all(shares.map((share) => share.next()));
      const chunks = next.flatMap((one) => (one.done === true ? [] : [one.value]));
      const [first] = chunks;
      if (first === undefined) break;
      if (by === 'keys') requireNoneHalted(chunks);
      report.take(mergeOutcomes(chunks), first.lines);
      progress?.at(first.lines, Math.min(...chunks.map(({ bytesRead }) => bytesRead)), report.alerts);
    }
  } finally {
    await Promise.all(shares.map((share) => share.return(undefined)));
  }
  report.summary(run.rules.length);
}

/** Threads for a run. @param sets of rules that can be shared */
function workersFor({ workers, input }: RunCommand, sets: number): number {
  const files = input.map((text) => inputOf(text).file);
  if (files.includes('-')) {
    if (workers !== undefined && workers > 1) process.stderr.write(`one worker instead of ${workers}: stdin can be read once\n`);
    return 1;
  }
  if (workers !== undefined) return workers;
  const isLarge = files.some((file) => statSync(file).size >= (file.endsWith('.gz') ? LARGE_GZIP_BYTES : LARGE_BYTES));
  return isLarge ? Math.min(availableParallelism(), WORKERS_BY_DEFAULT_MAX, sets) : 1;
}

/** A rule that fails is left alone from then on, for all keys: the other shares would not know. */
function requireNoneHalted(chunks: readonly Chunk[]): void {
  for (const { halted } of chunks) if (halted !== null) throw new BatchError(`${halted}: it is left alone from here on, which only a run with --workers 1 does for all keys at once`);
}

/** Writes alerts to stdout and what went wrong to stderr, and counts both. */
class Report {
  alerts = 0;
  private lines = 0;
  private late = 0;
  private refused = 0;
  private readonly began = performance.now();

  constructor(private readonly strict: boolean) {}

  take(outcomes: readonly Outcome[], lines: number): void {
    this.lines = lines;
    const written: string[] = [];
    try {
      for (const { alerts, refused, refusedForKey, late, lateForKey } of outcomes) {
        for (const message of [...refused, ...refusedForKey]) this.refuse(message);
        for (const { json } of alerts) written.push(json);
        this.late += late + lateForKey;
      }
    } finally {
      // also where a refusal ends the run: what came before it stands
      this.alerts += written.length;
      if (written.length > 0) process.stdout.write(`${written.join('\n')}\n`);
    }
  }

  summary(rules: number): void {
    const rate = Math.round((this.lines * 1_000) / Math.max(1, performance.now() - this.began));
    process.stderr.write(`${rules} rules, ${this.lines} events, ${this.alerts} alerts, ${this.late} late, ${this.refused} refused, ${rate} events/s\n`);
  }

  private refuse(message: string): void {
    if (this.strict) throw new BatchError(message);
    if (++this.refused <= REFUSALS_SHOWN) process.stderr.write(`refused: ${message}\n`);
    if (this.refused === REFUSALS_SHOWN + 1) process.stderr.write('refused: more, not shown\n');
  }
}
