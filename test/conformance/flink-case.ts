import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A case as it stands in the files (see the README beside them). */
export interface FlinkCase {
  readonly id: string;
  readonly tags?: readonly string[];
  readonly differs?: readonly string[];
  readonly pattern: FlinkPattern;
  readonly input: readonly FlinkItem[];
  readonly expect: FlinkAnswer | string;
}

export interface FlinkPattern {
  readonly stages: readonly FlinkStage[];
  readonly withinMs?: number;
  readonly skip?: { readonly to: 'pastLast' | 'next' | 'first' | 'last'; readonly stage?: string };
}

export interface FlinkStage {
  readonly name?: string;
  readonly where?: Condition;
  readonly group?: readonly FlinkStage[];
  readonly follow?: 'next' | 'followedBy' | 'followedByAny' | 'notNext' | 'notFollowedBy';
  readonly times?: { readonly min: number; readonly max?: number; readonly gapMs?: number };
  readonly inner?: 'relaxed' | 'strict' | 'relaxedAny';
  readonly greedy?: boolean;
  readonly optional?: boolean;
  readonly until?: Condition;
  readonly withinMs?: number;
  readonly withinPreviousMs?: number;
}

type Op = 'gt' | 'ge' | 'lt' | 'le' | 'eq';

export interface Condition {
  readonly any?: boolean;
  readonly type?: string;
  readonly types?: readonly string[];
  readonly contains?: string;
  readonly n?: Partial<Record<Op, number>>;
  readonly all?: readonly Condition[];
  readonly nThanLast?: { readonly op: Op; readonly stage: string };
  readonly sumWithOwn?: Aggregate;
  readonly sumOf?: Aggregate;
  readonly countOf?: Aggregate;
}

export interface Aggregate {
  readonly stage: string;
  readonly op: Op;
  readonly v: number;
}

export type FlinkItem = FlinkEvent | { readonly watermark: number };

export interface FlinkEvent {
  readonly id: number;
  readonly type: string;
  readonly n: number;
  readonly ts: number;
}

export interface FlinkAnswer {
  readonly matches: readonly { readonly step: number; readonly stages: Taken; readonly byTime?: boolean }[];
  readonly timeouts: readonly { readonly step: number; readonly at: number; readonly stages: Taken }[];
}

/** Event ids by stage name. */
export type Taken = Readonly<Record<string, readonly number[]>>;

export interface CaseFile {
  readonly name: string;
  readonly cases: readonly FlinkCase[];
}

/** All `*.jsonl` of a directory, in order of their names. */
export function readCases(directory: string): CaseFile[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.jsonl')).sort();
  return names.map((name) => ({
    name,
    cases: readFileSync(join(directory, name), 'utf8').split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as FlinkCase),
  }));
}

const OPS: Record<Op, (a: number, b: number) => boolean> = {
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  eq: (a, b) => a === b,
};

/** What a condition sees of the match so far: the values of `n` that a stage has taken. */
export type Values = (stage: string) => readonly number[];

/** The meaning of a condition, for the matcher's adapter and the naive matcher alike. */
export function holds(condition: Condition, type: string, n: number, values: Values): boolean {
  const sum = (stage: string): number => values(stage).reduce((total, value) => total + value, 0);
  if (condition.type !== undefined && type !== condition.type) return false;
  if (condition.types !== undefined && !condition.types.includes(type)) return false;
  if (condition.contains !== undefined && !type.includes(condition.contains)) return false;
  for (const [op, v] of Object.entries(condition.n ?? {})) if (!OPS[op as Op](n, v)) return false;
  if (condition.all?.some((part) => !holds(part, type, n, values)) === true) return false;
  const { nThanLast, sumWithOwn, sumOf, countOf } = condition;
  if (nThanLast !== undefined) {
    const last = values(nThanLast.stage).at(-1);
    if (last === undefined || !OPS[nThanLast.op](n, last)) return false;
  }
  if (sumWithOwn !== undefined && !OPS[sumWithOwn.op](sum(sumWithOwn.stage) + n, sumWithOwn.v)) return false;
  if (sumOf !== undefined && !OPS[sumOf.op](sum(sumOf.stage), sumOf.v)) return false;
  return countOf === undefined || OPS[countOf.op](values(countOf.stage).length, countOf.v);
}

/** Whether a condition looks at the match. */
export function looksBack(condition: Condition): boolean {
  return condition.all?.some(looksBack) ?? (condition.nThanLast ?? condition.sumWithOwn ?? condition.sumOf ?? condition.countOf) !== undefined;
}
