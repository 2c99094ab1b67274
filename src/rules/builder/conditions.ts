import type { JsonValue } from '../../event/stream-event.js';
import type { ConditionJson } from '../conditions/condition-node.js';

/** CEL text in the place of a value, a condition, a number or a duration. */
export type Cel = { readonly cel: string };

/** What a fact is compared with: a value, another fact, or CEL. */
export type Comparand = JsonValue | FactExpression | Cel;

/** CEL text: `cel('amountMinor > 3 * payee.amountMinor')`, or over params alone where a number or a duration is wanted. */
export function cel(text: string): Cel {
  return { cel: text };
}

/** A fact to compare: a field, a `let` entry, `payee.payeeId` of a stage, `params.minAmount`. */
export function fact(name: string): FactExpression {
  return new FactExpression(name);
}

/** The param of that name. */
export function param(name: string): FactExpression {
  return new FactExpression(`params.${name}`);
}

/** All of the conditions hold. */
export function all(...conditions: readonly ConditionJson[]): ConditionJson {
  return { all: conditions };
}

/** At least one of the conditions holds. */
export function any(first: ConditionJson, ...more: readonly ConditionJson[]): ConditionJson {
  return { any: [first, ...more] };
}

export function not(condition: ConditionJson): ConditionJson {
  return { not: condition };
}

/** One of the rule's named conditions. */
export function named(name: string): ConditionJson {
  return { condition: name };
}

/** Some element of the list fits; in `where` it has the name `as` (default `item`). */
export function some(list: string, where: ConditionJson, as?: string): ConditionJson {
  return { some: list, where, ...(as === undefined ? {} : { as }) };
}

/** Every element of the list fits. */
export function every(list: string, where: ConditionJson, as?: string): ConditionJson {
  return { every: list, where, ...(as === undefined ? {} : { as }) };
}

/** No element of the list fits. */
export function none(list: string, where: ConditionJson, as?: string): ConditionJson {
  return { none: list, where, ...(as === undefined ? {} : { as }) };
}

/** A fact that waits for its operator: `fact('amountMinor').gte(param('minAmount'))`. A missing fact makes every one of them false. */
export class FactExpression {
  constructor(readonly name: string) {}

  eq(value: Comparand): ConditionJson {
    return this.leaf('equal', value);
  }

  ne(value: Comparand): ConditionJson {
    return this.leaf('notEqual', value);
  }

  gt(value: number | FactExpression | Cel): ConditionJson {
    return this.leaf('greaterThan', value);
  }

  gte(value: number | FactExpression | Cel): ConditionJson {
    return this.leaf('greaterThanInclusive', value);
  }

  lt(value: number | FactExpression | Cel): ConditionJson {
    return this.leaf('lessThan', value);
  }

  lte(value: number | FactExpression | Cel): ConditionJson {
    return this.leaf('lessThanInclusive', value);
  }

  /** @param low, high both included */
  between(low: number, high: number): ConditionJson {
    return this.leaf('between', [low, high]);
  }

  in(values: readonly (string | number | boolean)[] | FactExpression): ConditionJson {
    return this.leaf('in', values);
  }

  notIn(values: readonly (string | number | boolean)[] | FactExpression): ConditionJson {
    return this.leaf('notIn', values);
  }

  /** of a list */
  contains(value: string | number | boolean | FactExpression): ConditionJson {
    return this.leaf('contains', value);
  }

  /** of a list */
  doesNotContain(value: string | number | boolean | FactExpression): ConditionJson {
    return this.leaf('doesNotContain', value);
  }

  startsWith(text: string | FactExpression): ConditionJson {
    return this.leaf('startsWith', text);
  }

  endsWith(text: string | FactExpression): ConditionJson {
    return this.leaf('endsWith', text);
  }

  equalsIgnoreCase(text: string | FactExpression): ConditionJson {
    return this.leaf('equalsIgnoreCase', text);
  }

  /** @param expression in RE2's syntax */
  matches(expression: string): ConditionJson {
    return this.leaf('matches', expression);
  }

  /** @param time epoch ms, or ISO text with a zone */
  before(time: number | string | FactExpression): ConditionJson {
    return this.leaf('before', time);
  }

  /** @param time epoch ms, or ISO text with a zone */
  after(time: number | string | FactExpression): ConditionJson {
    return this.leaf('after', time);
  }

  /** of a managed list */
  inList(name: string | FactExpression): ConditionJson {
    return this.leaf('inList', name);
  }

  notInList(name: string | FactExpression): ConditionJson {
    return this.leaf('notInList', name);
  }

  cidr(networks: string | readonly string[]): ConditionJson {
    return this.leaf('cidr', networks);
  }

  exists(): ConditionJson {
    return { fact: this.name, operator: 'exists' };
  }

  missing(): ConditionJson {
    return { fact: this.name, operator: 'missing' };
  }

  /** differs from an earlier value */
  changedFrom(earlier: FactExpression): ConditionJson {
    return this.leaf('changed', earlier);
  }

  private leaf(operator: string, value: Comparand): ConditionJson {
    return { fact: this.name, operator, value: value instanceof FactExpression ? { fact: value.name } : value };
  }
}
