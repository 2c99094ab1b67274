import type { JsonValue } from '../../event/stream-event.js';
import type { ConditionJson } from '../conditions/condition-node.js';
import { NEVER, isObject } from './imported.js';
import { sigmaField } from './sigma-field.js';

type Note = (at: string, message: string) => void;
type Detection = { readonly [name: string]: JsonValue };

/** Words of a condition; more are no condition that somebody has written. */
const WORDS_MAX = 500;

/** The `detection` of a Sigma rule as a condition over one event. */
export function sigmaDetection(detection: Detection, note: Note): ConditionJson {
  const { condition } = detection;
  const texts = Array.isArray(condition) ? condition : [condition];
  const conditions = texts.map((text) => {
    if (typeof text === 'string') return new ConditionReader(text, detection, note).read();
    note('/detection/condition', 'never true, to be written anew: found no condition');
    return NEVER;
  });
  const [only] = conditions;
  return conditions.length === 1 && only !== undefined ? only : { any: conditions };
}

function selectionCondition(selection: JsonValue | undefined, at: string, note: Note): ConditionJson {
  if (isObject(selection)) return joined('all', Object.entries(selection).map(([name, value]) => sigmaField(name, value, (message) => note(`${at}/${name}`, message))));
  if (Array.isArray(selection) && selection.every(isObject)) return joined('any', selection.map((part, i) => selectionCondition(part, `${at}/${i}`, note)));
  note(at, 'never true, to be written anew: found words to be searched for anywhere in an event; expected fields with values');
  return NEVER;
}

/** Whether a name fits a pattern with `*`; linear. */
function fitsPattern(name: string, pattern: string): boolean {
  const [first, ...rest] = pattern.split('*') as [string, ...string[]];
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

function joined(word: 'all' | 'any', parts: readonly ConditionJson[]): ConditionJson {
  const [only] = parts;
  if (only === undefined) return NEVER;
  return parts.length === 1 ? only : { [word]: parts };
}

/** `selection and not 1 of filter_*`: `not` binds strongest, then `and`, then `or`. */
class ConditionReader {
  private readonly words: readonly string[];
  private next = 0;

  constructor(
    text: string,
    private readonly detection: Detection,
    private readonly note: Note,
  ) {
    this.words = text.match(/[()]|[^\s()]+/g) ?? [];
  }

  read(): ConditionJson {
    const condition = this.words.length > WORDS_MAX ? null : this.either();
    if (condition !== null && this.next === this.words.length) return condition;
    this.note('/detection/condition', `never true, to be written anew: found ${JSON.stringify(this.words[this.next] ?? 'nothing')} where a selection, "and", "or" or a bracket was expected`);
    return NEVER;
  }

  private either(): ConditionJson | null {
    return this.chain('or', 'any', () => this.chain('and', 'all', () => this.negation()));
  }

  private chain(word: string, kind: 'all' | 'any', part: () => ConditionJson | null): ConditionJson | null {
    const parts: ConditionJson[] = [];
    do {
      const read = part();
      if (read === null) return null;
      parts.push(read);
    } while (this.take(word));
    return joined(kind, parts);
  }

  private negation(): ConditionJson | null {
    let negated = false;
    while (this.take('not')) negated = !negated;
    const inner = this.primary();
    return inner !== null && negated ? { not: inner } : inner;
  }

  private primary(): ConditionJson | null {
    if (this.take('(')) {
      const inner = this.either();
      return this.take(')') ? inner : null;
    }
    const word = this.words[this.next];
    if (word === undefined || word === ')') return null;
    const following = this.words[this.next + 1]?.toLowerCase();
    if (following === 'of' && /^(\d+|all|any)$/i.test(word)) return this.several(word.toLowerCase());
    if (!Object.hasOwn(this.detection, word)) return null;
    this.next++;
    return selectionCondition(this.detection[word], `/detection/${word}`, this.note);
  }

  /** `1 of selection*`, `all of them` */
  private several(quantity: string): ConditionJson | null {
    const pattern = this.words[this.next + 2];
    if (pattern === undefined) return null;
    this.next += 3;
    const names = Object.keys(this.detection).filter((name) => name !== 'condition' && (pattern === 'them' ? !name.startsWith('_') : fitsPattern(name, pattern)));
    const parts = names.map((name) => selectionCondition(this.detection[name], `/detection/${name}`, this.note));
    if (quantity === 'all') return joined('all', parts);
    if (quantity === '1' || quantity === 'any') return joined('any', parts);
    this.note('/detection/condition', `never true, to be written anew: found "${quantity} of"; expected "1 of", "any of" or "all of"`);
    return NEVER;
  }

  private take(word: string): boolean {
    if (this.words[this.next]?.toLowerCase() !== word) return false;
    this.next++;
    return true;
  }
}
