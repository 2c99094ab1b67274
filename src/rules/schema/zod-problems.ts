import type { z } from 'zod';
import { nearest, shown, type Location, type ProblemCode, type Problems } from '../problem.js';
import { wordsOf } from './keyed-union.js';
import { LANGUAGE_WORDS } from './words.js';

type Issue = z.core.$ZodIssue;

/** Codes of keyed unions whose value has no word, or several, of theirs. */
const FORM_CODES: Readonly<Record<string, ProblemCode>> = { '@let': 'let.form', '@stage': 'pattern.form' };

/** Turns zod's issues about `document` into problems: what was found, where, what was expected. */
export function addIssues(issues: readonly Issue[], document: unknown, base: Location, problems: Problems): void {
  addNested(issues, { document, problems }, base);
}

interface Reading {
  readonly document: unknown;
  readonly problems: Problems;
}

function addNested(issues: readonly Issue[], reading: Reading, base: Location): void {
  for (const issue of issues) addIssue(issue, reading, base);
}

function addIssue(issue: Issue, reading: Reading, base: Location): void {
  const { document, problems } = reading;
  const at = [...base, ...(issue.path as (string | number)[])];
  const found = valueAt(document, at);
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) addUnknown(key, at, problems);
    return;
  }
  if (issue.code === 'invalid_union') return addUnion(issue, found, reading, at);
  if (issue.code === 'invalid_key') {
    const [reason] = issue.issues;
    problems.add('rule.bad-format', at, `found the name ${shown(at.at(-1))}; ${reason ? expectation(reason) : 'expected another'}`);
    return;
  }
  problems.add(codeOf(issue, found), at, `found ${shown(found)}; ${expectation(issue)}`);
}

function addUnknown(key: string, at: Location, problems: Problems): void {
  const hint = LANGUAGE_WORDS.includes(key) ? null : nearest(key, LANGUAGE_WORDS);
  problems.add('rule.unknown-field', [...at, key], `found the field "${key}", which is not known here; ${hint === null ? 'leave it out, or put it where it belongs' : `did you mean "${hint}"?`}`);
}

function addUnion(issue: Issue & { code: 'invalid_union' }, found: unknown, reading: Reading, at: Location): void {
  const words = wordsOf(issue.message);
  if (!words) {
    const nested = nestedUnion(issue, found);
    if (nested) return addNested(nested, reading, at);
    reading.problems.add(found === undefined ? 'rule.missing' : 'rule.bad-format', at, `found ${shown(found)}; ${issue.message}`);
    return;
  }
  addKeyedUnion(issue, words, found, reading, at);
}

/** The issues of the branch that the value was meant for; none where that cannot be told. */
function nestedUnion(issue: Issue & { code: 'invalid_union' }, found: unknown): readonly Issue[] | null {
  if (typeof found !== 'object' || found === null) return null;
  const inside = issue.errors.filter((issues) => issues.length > 0 && issues.every(({ path }) => path.length > 0));
  return inside.length === 1 ? (inside[0] as readonly Issue[]) : null;
}

function addKeyedUnion(issue: Issue & { code: 'invalid_union' }, words: readonly string[], found: unknown, reading: Reading, at: Location): void {
  const { problems } = reading;
  const code = FORM_CODES[issue.message] ?? 'rule.bad-format';
  const named = words.filter((word) => word !== '');
  const has = typeof found === 'object' && found !== null && !Array.isArray(found) ? named.filter((word) => Object.hasOwn(found, word)) : [];
  const [word, second] = has.length > 1 ? leading(has) : has;
  if (second !== undefined) {
    problems.add(code, at, `found "${has.join('" and "')}" in one; expected one of them`);
    return;
  }
  const branch = issue.errors[words.indexOf(word ?? '')];
  if (word === undefined && !(code === 'pattern.form' && typeof found === 'object' && found !== null)) {
    problems.add(code, at, `found ${shown(found)}; expected text or an object with one of ${named.join(', ')}`);
    return;
  }
  addNested((branch ?? []) as readonly Issue[], reading, at);
}

/** `distinct` is a form of its own and an option of `collect`. */
function leading(has: readonly string[]): readonly string[] {
  return has.includes('collect') && has.length === 2 && has.includes('distinct') ? ['collect'] : has;
}

function codeOf(issue: Issue, found: unknown): ProblemCode {
  if (found === undefined) return 'rule.missing';
  switch (issue.code) {
    case 'invalid_type':
      return 'rule.wrong-type';
    case 'too_big':
    case 'too_small':
      return 'rule.out-of-range';
    case 'invalid_value':
      return 'rule.unknown-choice';
    default:
      return 'rule.bad-format';
  }
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected === 'record' || issue.expected === 'object' ? 'an object' : issue.expected === 'array' ? 'a list' : `a ${issue.expected}`}`;
    case 'too_big':
      return `expected at most ${issue.maximum}${unit(issue.origin)}`;
    case 'too_small':
      return `expected at least ${issue.minimum}${unit(issue.origin)}`;
    case 'invalid_value':
      return `expected ${issue.values.map((value) => shown(value)).join(', ')}${hint(issue)}`;
    default:
      return issue.message.startsWith('expected') ? issue.message : `expected another value (${issue.message})`;
  }
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '';
}

function hint(issue: Issue & { code: 'invalid_value' }): string {
  const found = typeof issue.input === 'string' ? nearest(issue.input, issue.values.map(String)) : null;
  return found === null ? '' : `; did you mean "${found}"?`;
}

function valueAt(document: unknown, at: Location): unknown {
  let value = document;
  for (const step of at) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}
