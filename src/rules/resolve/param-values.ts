import { SlotLayout } from '../../event/slot-layout.js';
import type { JsonValue } from '../../event/stream-event.js';
import { compileCel } from '../cel/compile-cel.js';
import { newContext } from '../conditions/compile-context.js';
import { DURATION_FORMS, parseDuration } from '../duration.js';
import { FactScope } from '../fact-scope.js';
import { ruleLimits } from '../limits.js';
import { shown, type Location, type Problems } from '../problem.js';

/** A number or duration as written: a literal, or an expression over params. */
export type ParamInput = string | number | { readonly cel: string };

/** Works out the numbers and durations of one document. What is wrong becomes a problem; the value returned then is the least allowed. */
export class ParamValues {
  private readonly scope: FactScope;

  constructor(
    readonly params: Readonly<Record<string, JsonValue>>,
    readonly problems: Problems,
  ) {
    const none = { typeOf: () => null, paths: () => Object.keys(params).map((name) => `params.${name}`) };
    this.scope = new FactScope({ layout: new SlotLayout(), params, declared: none });
  }

  /** @returns whole ms, `minMs` … `durationMsMax` */
  duration(input: ParamInput, at: Location, minMs = 1): number {
    const value = this.value(input, at);
    const ms = value === undefined ? minMs : parseDuration(value);
    if (ms !== null && ms >= minMs) return ms;
    this.refuse(input, value, at, `${DURATION_FORMS}, ${minMs} ms … ${ruleLimits.durationMsMax} ms`);
    return minMs;
  }

  durationOr<T>(input: ParamInput | undefined, at: Location, absent: T, minMs = 1): number | T {
    return input === undefined ? absent : this.duration(input, at, minMs);
  }

  /** @returns a whole number `min` … `max` */
  count(input: ParamInput, at: Location, min: number, max: number): number {
    const value = this.value(input, at);
    if (value === undefined) return min;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.refuse(input, value, at, `a whole number ${min} … ${max}`);
    return min;
  }

  countOr(input: ParamInput | undefined, at: Location, absent: number, min: number, max: number): number {
    return input === undefined ? absent : this.count(input, at, min, max);
  }

  /** @returns a number above 0, up to `max` */
  quantity(input: ParamInput, at: Location, max: number): number {
    const value = this.value(input, at);
    if (value === undefined) return max;
    if (typeof value === 'number' && value > 0 && value <= max) return value;
    this.refuse(input, value, at, `a number above 0 and at most ${max}`);
    return max;
  }

  private value(input: ParamInput, at: Location): JsonValue | undefined {
    if (typeof input !== 'object') return input;
    const before = this.problems.list.length;
    const compiled = compileCel(input.cel, [...at, 'cel'], newContext(this.scope, this.problems));
    if (compiled.constant === undefined && this.problems.list.length === before) {
      this.problems.add('rule.param', [...at, 'cel'], `found ${shown(input.cel)}, which has no value over params alone; expected an expression such as "params.minTurns + 1"`);
    }
    return compiled.constant;
  }

  private refuse(input: ParamInput, value: JsonValue | undefined, at: Location, expected: string): void {
    const found = typeof input === 'object' ? `${shown(input.cel)} = ${shown(value)}` : shown(value);
    this.problems.add(typeof input === 'object' ? 'rule.param' : 'rule.out-of-range', at, `found ${found}; expected ${expected}`);
  }
}
