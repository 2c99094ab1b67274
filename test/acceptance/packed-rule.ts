import type { JsonValue } from '../../src/event/stream-event.js';
import { readRulePack, type PackRule } from '../../src/app/rule-pack.js';
import type { Case } from './archetype.js';

export type PackedRule = PackRule;

/** The shipped pack by the ids of its rules. */
export function packById(): ReadonlyMap<string, PackedRule> {
  return new Map(readRulePack().map((rule) => [rule.id, rule]));
}

/** The rules that a case runs: its own, and those whose signals they read. Null where one is not in the pack. */
export function rulesOf(item: Case, pack: ReadonlyMap<string, PackedRule>): PackedRule[] | null {
  const rules = new Map<string, PackedRule>();
  const add = (id: string): boolean => {
    const rule = pack.get(id);
    if (rule === undefined) return false;
    rules.set(id, rule);
    const read = asList(rule.document['on']);
    if (asList(rule.document['from']).includes('signals')) {
      for (const other of pack.values()) if (!rules.has(other.id) && read.includes(signalOf(other))) add(other.id);
    }
    return true;
  };
  return item.rules.every(add) ? [...rules.values()] : null;
}

const asList = (value: JsonValue | undefined): readonly JsonValue[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function signalOf({ document }: PackedRule): JsonValue {
  return (document['emit'] as { readonly signal?: string } | undefined)?.signal ?? null;
}

/** Values for the params that the rule has; others are not its. */
export function paramsFor({ document }: PackedRule, params: Case['params']): Case['params'] {
  const own = (document['params'] ?? {}) as Case['params'];
  return Object.fromEntries(Object.entries(params).filter(([name]) => Object.hasOwn(own, name)));
}

export const NO_KEY_FIELDS: readonly string[] = [];

/** Fields of the events that the key is made of. */
export function keyFieldsOf({ document }: PackedRule): readonly string[] {
  return asList(document['key']).flatMap((part) => {
    if (typeof part === 'string') return [part];
    const { fact, cel } = part as { readonly fact?: string; readonly cel?: string };
    return fact === undefined ? wordsOf(cel ?? '') : [fact];
  });
}

/** Names in an expression that are no function and no part of one. */
function wordsOf(cel: string): string[] {
  return [...cel.matchAll(/(?<![\w.'])[A-Za-z_]\w*(?![\w.(])/g)].map(([word]) => word);
}
