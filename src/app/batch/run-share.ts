import { defaultSources, RuleTestDriver, type DrivenAlert, type DrivenRule } from '../../engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../event/stream-event.js';
import { BatchError } from './batch-error.js';
import { inputOf, LineReader, type Line } from './lines.js';
import { paramsOf, readJson, readRules } from './read-rules.js';
import { rulesOf, type Share } from './shares.js';

/** What is run, over what. */
export interface BatchOptions {
  readonly rules: string;
  readonly input: readonly string[];
  readonly sources?: string;
  readonly lists?: string;
  readonly param: readonly string[];
  readonly disorder: number;
  readonly dedupe?: number;
  readonly advanceTo?: number;
}

/** An alert, by what alerts of one line are ordered. */
export interface ToldAlert {
  readonly at: number;
  /** key and rule version */
  readonly of: string;
  readonly json: string;
}

/** What came of one line, or of the end of the input. */
export interface Outcome {
  /** counts lines, over all inputs; the end comes behind the last */
  readonly line: number;
  readonly alerts: readonly ToldAlert[];
  /** why it was refused, and how often it was late: what every share finds out */
  readonly refused: readonly string[];
  readonly late: number;
  /** the same for a key of a rule, of which one share alone knows */
  readonly refusedForKey: readonly string[];
  readonly lateForKey: number;
}

/** What came of so many lines; the same ones in every share. */
export interface Chunk {
  /** so far */
  readonly lines: number;
  /** of the files, so far */
  readonly bytesRead: number;
  /** of lines of which anything came */
  readonly outcomes: readonly Outcome[];
  /** a rule that is left alone since it failed, and why */
  readonly halted: string | null;
}

const CHUNK_LINES = 20_000;
/** What is found out by who has the rule, or the key: everything else is found out of every event. */
const OF_KEYS: ReadonlySet<string> = new Set(['event.late-for-key', 'event.missing-fact', 'event.key-too-long']);

/** Rules over files, ready to run. @throws BatchError for what does not fit together */
export class BatchRun {
  readonly rules: readonly DrivenRule[];
  readonly reader: LineReader;
  private readonly driver: RuleTestDriver;
  private outcomes: Outcome[] = [];

  constructor(
    private readonly options: BatchOptions,
    private readonly share: Share,
  ) {
    this.rules = readRules(options.rules, paramsOf(options.param));
    const defaults = { disorderMs: options.disorder, ...(options.dedupe === undefined ? {} : { dedupeMs: options.dedupe }) };
    this.driver = new RuleTestDriver({
      rules: share.by === 'rules' ? rulesOf(this.rules, share) : this.rules,
      recorded: false,
      ...(share.by === 'keys' ? { share } : {}),
      // all of them in every share: what is late or broken is so whoever asks
      sources: options.sources === undefined ? defaultSources(this.rules, defaults) : (readJson(options.sources) as Record<string, JsonValue>),
      ...(options.lists === undefined ? {} : { lists: readJson(options.lists) as Record<string, string[]> }),
    });
    const inputs = options.input.map(inputOf);
    const { sources } = this.driver;
    for (const { source } of inputs) if (source !== undefined && !sources.includes(source)) throw new BatchError(`no rule reads source "${source}": the rules read ${sources.join(', ')}`);
    if (inputs.length > 1 && inputs.some(({ source }) => source === undefined)) throw new BatchError('several inputs need their sources: --input payments=payments.ndjson --input accounts=accounts.ndjson');
    if (sources.length > 1 && inputs.some(({ source }) => source === undefined)) throw new BatchError(`the rules read several sources (${sources.join(', ')}): say which one a file holds: --input ${sources[0]}=FILE`);
    this.reader = new LineReader(inputs);
  }

  /** Runs everything, and tells what came of it chunk by chunk. */
  async *chunks(): AsyncGenerator<Chunk> {
    let lines = 0;
    for await (const batch of this.reader.batches()) {
      for (const line of batch) {
        this.driver.pushBytes(line.bytes, line.input.source);
        this.note(++lines, line);
        if (lines % CHUNK_LINES === 0) yield this.chunk(lines);
      }
    }
    this.driver.finish();
    this.note(lines + 1, null);
    if (this.options.advanceTo !== undefined) this.driver.advanceTo(this.options.advanceTo);
    this.note(lines + 2, null);
    yield this.chunk(lines);
  }

  private chunk(lines: number): Chunk {
    const { outcomes } = this;
    this.outcomes = [];
    return { lines, bytesRead: this.reader.bytesRead, outcomes, halted: this.halted };
  }

  private get halted(): string | null {
    for (const { document } of this.rules) {
      const { id } = document as { readonly id: string };
      const failure = this.driver.failureOf(id);
      if (failure !== null) return `rule ${id}: ${failure.reason}`;
    }
    return null;
  }

  private note(line: number, of: Line | null): void {
    const { alerts, written, side } = this.driver;
    if (alerts.length === 0 && side.length === 0) return;
    // where keys are shared, everybody finds a key that is too long
    const refusals = side.filter(({ kind, code }) => kind === 'dead' && !(code === 'event.key-too-long' && this.share.by === 'keys' && this.share.index > 0));
    const refused = (forKey: boolean): string[] => refusals.filter(({ code }) => OF_KEYS.has(code) === forKey).map(({ code, message }) => `${of === null ? '' : `${of.input.file}:${of.number}: `}${code}: ${message}`);
    const late = (forKey: boolean): number => side.filter(({ kind, code }) => kind === 'late' && OF_KEYS.has(code) === forKey).length;
    this.outcomes.push({
      line,
      alerts: alerts.map(({ at, key, rule, version }: DrivenAlert, i) => ({ at, of: JSON.stringify([key, rule, version]), json: written[i] as string })),
      refused: refused(false),
      late: late(false),
      refusedForKey: refused(true),
      lateForKey: late(true),
    });
    alerts.length = written.length = side.length = 0;
  }
}

/**
 * What all shares of a run make of a chunk, as one run would: in order of lines. What came of one line is ordered by time, key and rule: beyond that it is
 * in the order in which it came about, since a rule has each of its keys in one share.
 */
export function mergeOutcomes(chunks: readonly Chunk[]): Outcome[] {
  const byLine = new Map<number, Outcome[]>();
  for (const { outcomes } of chunks) for (const outcome of outcomes) byLine.set(outcome.line, [...(byLine.get(outcome.line) ?? []), outcome]);
  return [...byLine.values()].map(mergeLine).sort((a, b) => a.line - b.line);
}

function mergeLine(of: readonly Outcome[]): Outcome {
  const [first] = of as readonly [Outcome, ...Outcome[]];
  return {
    line: first.line,
    alerts: of.flatMap(({ alerts }) => alerts).sort((a, b) => a.at - b.at || (a.of < b.of ? -1 : a.of > b.of ? 1 : 0)),
    refused: first.refused,
    late: first.late,
    refusedForKey: of.flatMap(({ refusedForKey }) => refusedForKey).sort(),
    lateForKey: of.reduce((sum, { lateForKey }) => sum + lateForKey, 0),
  };
}
