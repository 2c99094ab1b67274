import { NO_KEY_FIELDS, keyFieldsOf, type PackedRule } from './packed-rule.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import type { Case, CaseEvent, Expected } from './archetype.js';

/** In front, so that computed keys keep the order of their parts. */
const OTHER = 'other-';

/**
 * The case with each of its events followed by the same event of another key, all else equal, and what must then be found.
 * Null where the case cannot be told twice: a list names values of the key.
 */
export function interleaved(item: Case, rules: readonly PackedRule[]): Case | null {
  const fields = new Set(rules.flatMap((rule) => keyFieldsOf(rule) ?? NO_KEY_FIELDS));
  if (fields.size === 0 || rules.some((rule) => looksUpKey(rule, fields))) return null;
  const events = item.events.flatMap((event) => [event, otherEvent(event, fields)]);
  return { ...item, events, expect: item.expect.flatMap((one) => [one, otherExpected(one)]) };
}

/** A list whose name or whose looked-up value is a field of the key. */
function looksUpKey({ document }: PackedRule, fields: ReadonlySet<string>): boolean {
  const text = JSON.stringify(document);
  for (const [, inside] of text.matchAll(/inList\(([^)]*\)?[^)]*)\)/g)) {
    for (const [word] of (inside as string).replace(/'[^']*'/g, '').matchAll(/\$?[\w.]+/g)) if (fields.has(word)) return true;
  }
  return false;
}

function otherEvent(event: CaseEvent, fields: ReadonlySet<string>): CaseEvent {
  const changed: Record<string, JsonValue> = { ...event, id: OTHER + event.id };
  for (const field of fields) {
    const value = changed[field];
    if (value !== undefined && value !== null) changed[field] = otherKey(String(value));
  }
  return changed as CaseEvent;
}

/** Another text of the same kind: addresses and networks stay what they are. */
function otherKey(text: string): string {
  const address = /^(\d{1,3})(\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:\/\d+)?)$/.exec(text);
  return address === null ? OTHER + text : `${(Number(address[1]) + 1) % 256}${address[2]}`;
}

function otherExpected(expected: Expected): Expected {
  return { ...expected, key: expected.key.map(otherKey), by: expected.by.map((id) => OTHER + id) };
}
