import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../../src/event/stream-event.js';

/** The files of one archetype, as `README.md` of the acceptance data describes them. */
export interface Archetype {
  readonly name: string;
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly cases: readonly Case[];
  /** the stream as a case of several rules; null where the folder has none */
  readonly stream: Case | null;
}

export interface Case {
  readonly name: string;
  readonly rules: readonly string[];
  readonly allowedLatenessMs: number;
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly shadow: readonly string[];
  readonly events: readonly CaseEvent[];
  readonly advanceTo: number | null;
  readonly expect: readonly Expected[];
  readonly isStream: boolean;
}

export type CaseEvent = Readonly<Record<string, JsonValue>> & { readonly id: string; readonly ts: number };

export interface Expected {
  readonly rule: string;
  readonly key: readonly string[];
  readonly at: number;
  readonly kind: string;
  readonly by: readonly string[];
  readonly facts?: Readonly<Record<string, JsonValue>>;
}

type Lines = readonly Readonly<Record<string, never>>[];
interface Written {
  readonly name?: string;
  readonly rule?: string;
  readonly rules?: readonly string[];
  readonly allowedLatenessMs: number;
  readonly params?: Case['params'];
  readonly lists?: Case['lists'];
  readonly shadow?: readonly string[];
  readonly events?: Case['events'];
  readonly advanceTo?: number;
  readonly expect?: readonly Omit<Expected, 'rule'>[];
}

/** Every folder of `directory` that has cases, in order of name; `directory` itself where it is one. */
export function readArchetypes(directory: string): Archetype[] {
  if (existsSync(join(directory, 'cases.jsonl'))) return [readArchetype(directory, directory.split('/').pop() ?? directory)];
  const folders = readdirSync(directory).sort().filter((name) => existsSync(join(directory, name, 'cases.jsonl')));
  return folders.map((name) => readArchetype(join(directory, name), name));
}

function readArchetype(folder: string, name: string): Archetype {
  const params = existsSync(join(folder, 'params.json')) ? (readJson(folder, 'params.json') as Archetype['params']) : {};
  const cases = (readLines(folder, 'cases.jsonl') as unknown as readonly Written[]).map((written) => caseOf(written, params, false));
  const stream = existsSync(join(folder, 'stream.json')) ? readStream(folder, params) : null;
  return { name, params, cases, stream };
}

function readStream(folder: string, params: Archetype['params']): Case {
  const written = readJson(folder, 'stream.json') as Written;
  const events = readLines(folder, 'events.jsonl') as unknown as Case['events'];
  const stream = caseOf({ ...written, name: 'stream', events }, params, true);
  return { ...stream, expect: readLines(folder, 'expected.jsonl') as unknown as readonly Expected[] };
}

function caseOf(written: Written, params: Archetype['params'], isStream: boolean): Case {
  const rules = written.rules ?? (written.rule === undefined ? [] : [written.rule]);
  return {
    name: written.name ?? '',
    rules,
    allowedLatenessMs: written.allowedLatenessMs,
    params: { ...params, ...written.params },
    lists: written.lists ?? {},
    shadow: written.shadow ?? [],
    events: written.events ?? [],
    advanceTo: written.advanceTo ?? null,
    expect: (written.expect ?? []).map((one) => ({ ...one, rule: rules[0] ?? '' })),
    isStream,
  };
}

const readJson = (folder: string, name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

function readLines(folder: string, name: string): Lines {
  return readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Lines[number]);
}
