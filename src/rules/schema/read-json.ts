import type { JsonValue } from '../../event/stream-event.js';
import { ruleLimits } from '../limits.js';
import { shown, type Location, type Problems } from '../problem.js';

/**
 * Copies a document of unknown origin as plain JSON, within the bounds of size and depth, so that whatever reads it afterwards
 * ends. Members that are `undefined` are left out, as JSON has none.
 * @returns undefined where the document is not JSON or too large, with the problem added
 */
export function readJson(value: unknown, problems: Problems): JsonValue | undefined {
  const reader = new JsonReader(problems);
  try {
    return reader.read(value, []);
  } catch {
    if (!problems.any) problems.add('rule.not-json', [], 'found a document that cannot be read; expected JSON');
    return undefined;
  }
}

/** Stops the reading; the problem has been added. */
class Refused extends Error {}

class JsonReader {
  private nodes = 0;
  private chars = 0;

  constructor(private readonly problems: Problems) {}

  read(value: unknown, at: Location): JsonValue {
    this.nodes++;
    if (this.nodes > ruleLimits.documentNodesMax) this.refuse('rule.too-large', [], `found more than ${ruleLimits.documentNodesMax} values; expected fewer: keep long lists as managed lists`);
    if (at.length > ruleLimits.documentDepthMax) this.refuse('rule.too-deep', at, `found more than ${ruleLimits.documentDepthMax} levels; expected fewer: name inner conditions in "conditions"`);
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : this.refuse('rule.not-json', at, `found ${String(value)}; expected a finite number`);
    if (typeof value === 'string') return this.text(value, at);
    if (Array.isArray(value)) return this.list(value, at);
    return typeof value === 'object' ? this.object(value, at) : this.refuse('rule.not-json', at, `found a ${typeof value}; expected JSON`);
  }

  private text(value: string, at: Location): string {
    this.chars += value.length;
    if (value.length > ruleLimits.textCharsMax) this.refuse('rule.too-large', at, `found a text of ${value.length} characters; expected at most ${ruleLimits.textCharsMax}`);
    if (this.chars > ruleLimits.documentCharsMax) this.refuse('rule.too-large', [], `found more than ${ruleLimits.documentCharsMax} characters; expected fewer`);
    return value;
  }

  private list(value: readonly unknown[], at: Location): JsonValue[] {
    const length = value.length;
    if (length > ruleLimits.listValuesMax) this.refuse('rule.too-large', at, `found a list of ${length} values; expected at most ${ruleLimits.listValuesMax}: keep longer lists as managed lists and write "inList"`);
    const copy: JsonValue[] = [];
    for (let i = 0; i < length; i++) copy.push(this.read(value[i], [...at, i]));
    return copy;
  }

  private object(value: object, at: Location): JsonValue {
    const kind = Object.getPrototypeOf(value) as unknown;
    if (kind !== Object.prototype && kind !== null) this.refuse('rule.not-json', at, `found ${shown(Object.prototype.toString.call(value))}; expected JSON`);
    const copy: Record<string, JsonValue> = {};
    for (const [name, member] of Object.entries(value)) {
      if (name === '__proto__') this.refuse('rule.unknown-field', [...at, name], 'found the name "__proto__"; expected another');
      if (member === undefined) continue;
      copy[this.text(name, at)] = this.read(member, [...at, name]);
    }
    return copy;
  }

  private refuse(code: 'rule.not-json' | 'rule.too-large' | 'rule.too-deep' | 'rule.unknown-field', at: Location, message: string): never {
    this.problems.add(code, at, message);
    throw new Refused();
  }
}
