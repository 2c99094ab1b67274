import type { PatternProblemCode } from '../cep/validate-pattern.js';

/** One thing that is wrong with a document. `code` is public. */
export interface Problem {
  readonly code: ProblemCode;
  /** RFC 6901 JSON pointer to the value that is wrong; empty for the document itself */
  readonly pointer: string;
  /** what was found, what was expected, what to write instead */
  readonly message: string;
}

/** Public codes: clients match on them. */
export type ProblemCode =
  | 'rule.not-an-object'
  | 'rule.too-large'
  | 'rule.too-deep'
  | 'rule.not-json'
  | 'rule.missing'
  | 'rule.unknown-field'
  | 'rule.wrong-type'
  | 'rule.out-of-range'
  | 'rule.bad-format'
  | 'rule.unknown-choice'
  | 'rule.when-or-pattern'
  | 'rule.no-output'
  | 'rule.duplicate-name'
  | 'rule.reserved-name'
  | 'rule.param'
  | 'let.form'
  | 'let.window'
  | 'pattern.form'
  | 'pattern.unbounded'
  | 'pattern.empty-loop'
  | 'pattern.position'
  | 'pattern.unknown-stage'
  | 'condition.form'
  | 'condition.two-keys'
  | 'condition.empty-any'
  | 'condition.unknown-operator'
  | 'condition.unknown-decorator'
  | 'condition.value'
  | 'condition.in-text'
  | 'condition.recursive'
  | 'condition.unknown-name'
  | 'condition.path'
  | 'condition.regex'
  | 'condition.too-large'
  | 'condition.ignored'
  | 'fact.unknown'
  | 'fact.path'
  | 'fact.shadowed'
  | 'cel.syntax'
  | 'cel.unknown-function'
  | 'cel.unknown-field'
  | 'cel.arguments'
  | 'cel.type'
  | 'cel.number'
  | 'cel.too-large'
  | 'cel.unsupported'
  | 'template.syntax'
  | 'rule.not-compiled'
  | 'rule.on-change'
  | 'rule.tests-failed'
  | 'rule.tests-unfinished'
  | 'state.for-ever'
  | 'state.loop-length'
  | 'state.longer-than-source'
  | 'event.type-unseen'
  | PatternProblemCode;

/** One step of a location: a member's name or a list's index. */
export type Location = readonly (string | number)[];

/** RFC 6901: `~` and `/` in names are escaped. */
export function pointerOf(location: readonly PropertyKey[]): string {
  return location.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Gathers problems and warnings of one document; bounded, so a broken document has a short answer. */
export class Problems {
  readonly list: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** what the document costs so far: these bounds hold over all of it */
  readonly spent = { conditionNodes: 0, regexChars: 0, celNodes: 0 };

  constructor(private readonly max = 50) {}

  add(code: ProblemCode, at: Location, message: string): void {
    put(this.list, { code, pointer: pointerOf(at), message }, this.max);
  }

  warn(code: ProblemCode, at: Location, message: string): void {
    put(this.warnings, { code, pointer: pointerOf(at), message }, this.max);
  }

  get any(): boolean {
    return this.list.length > 0;
  }
}

/** A condition used in two places is judged twice; what is wrong with it is said once. */
function put(list: Problem[], problem: Problem, max: number): void {
  const same = (other: Problem): boolean => other.pointer === problem.pointer && other.code === problem.code && other.message === problem.message;
  if (list.length < max && !list.some(same)) list.push(problem);
}

/** Shows a value inside a message: JSON, cut short. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  let text: string;
  try {
    text = JSON.stringify(value) ?? typeof value;
  } catch {
    text = typeof value;
  }
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The entry of `names` nearest to `word` by edit distance (at most a third of its length away, or 2; 1 for short words), for "did you mean". */
export function nearest(word: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1;
  if (word.length > 64) return null;
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Levenshtein's distance by one row; anything ≥ `limit` may be returned as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
