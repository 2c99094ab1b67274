import type { z } from 'zod';
import { parseCondition } from '../conditions/parse-condition.js';
import { Problems as ProblemList, nearest, shown, type Location, type ProblemCode, type Problems } from '../problem.js';
import { wordsOf } from './keyed-union.js';
import { isFit } from './pattern-schema.js';
import { LANGUAGE_WORDS } from './words.js';

type Issue = z.core.$ZodIssue;

/** Codes of keyed unions whose value has no word, or several, of theirs. */
const FORM_CODES: Readonly<Record<string, ProblemCode>> = { '@let': 'let.form', '@stage': 'pattern.form' };

/** Turns zod's issues about `document` into problems: what was found, where, what was expected. */
export function addIssues(issues: readonly Issue[], document: unknown, base: Location, problems: Problems): void {
  for (const issue of issues) addIssue(issue, document, base, problems);
}

function addIssue(issue: Issue, document: unknown, base: Location, problems: Problems): void {
  const at = [...base, ...(issue.path as (string | number)[])];
  const found = valueAt(document, at);
  if (rereadCondition(document, at, problems)) return;
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) addUnknown(key, at, problems);
    return;
  }
  if (issue.code === 'invalid_union') return addUnion(issue, found, document, at, problems);
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

/** Members that hold conditions, of which our own reading says better what is wrong. */
const CONDITIONS = new Set(['when', 'of', 'since', 'where', 'accept', 'having', 'rearmWhen', 'until']);
/** Members whose members' names are the author's. */
const OWN_NAMES = new Set(['let', 'params', 'facts', 'fields']);

/** Reads the condition that an issue's place lies in; false where it lies in none, or nothing is found wrong with it. */
function rereadCondition(document: unknown, at: Location, problems: Problems): boolean {
  const root = conditionRoot(document, at);
  if (!root) return false;
  const inside = new ProblemList();
  parseCondition(valueAt(document, root), root, inside);
  problems.addAll(inside);
  return inside.any;
}

function conditionRoot(document: unknown, at: Location): Location | null {
  if (at[0] === 'tests') return null;
  if (at[0] === 'conditions' && at.length > 1) return at.slice(0, 2);
  for (let i = 0; i < at.length; i++) {
    const root = at.slice(0, i + 1);
    if (OWN_NAMES.has(String(at[i]))) i++;
    else if (CONDITIONS.has(String(at[i])) && !isStageName(document, root) && !(at[i] === 'until' && isFit(valueAt(document, root)))) return root;
  }
  return null;
}

/** `since` of an absence names a stage. */
function isStageName(document: unknown, at: Location): boolean {
  return at.at(-1) === 'since' && at[0] === 'pattern' && typeof valueAt(document, at) !== 'object';
}

function addUnion(issue: Issue & { code: 'invalid_union' }, found: unknown, document: unknown, at: Location, problems: Problems): void {
  const words = wordsOf(issue.message);
  if (!words) {
    const nested = nestedUnion(issue, found);
    if (nested) return addIssues(nested, document, at, problems);
    problems.add(found === undefined ? 'rule.missing' : 'rule.bad-format', at, `found ${shown(found)}; ${issue.message}`);
    return;
  }
  addKeyedUnion(issue, words, found, document, at, problems);
}

/** The issues of the branch that the value was meant for; none where that cannot be told. */
function nestedUnion(issue: Issue & { code: 'invalid_union' }, found: unknown): readonly Issue[] | null {
  if (typeof found !== 'object' || found === null) return null;
  const inside = issue.errors.filter((issues) => issues.length > 0 && issues.every(({ path }) => path.length > 0));
  return inside.length === 1 ? (inside[0] as readonly Issue[]) : null;
}

function addKeyedUnion(issue: Issue & { code: 'invalid_union' }, words: readonly string[], found: unknown, document: unknown, at: Location, problems: Problems): void {
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
  addIssues((branch ?? []) as readonly Issue[], document, at, problems);
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
