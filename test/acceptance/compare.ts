import type { JsonValue } from '../../src/event/stream-event.js';
import type { DrivenAlert } from '../../src/engine/testing/rule-test-driver.js';
import type { Expected } from './archetype.js';

/** Relative error allowed in a number of an alert's facts. */
const FACT_ERROR = 1e-9;

/** What differs, one line each; empty where all agree. */
export function differences(alerts: readonly DrivenAlert[], expected: readonly Expected[]): string[] {
  const got = grouped(alerts);
  const want = grouped(expected);
  const lines: string[] = [];
  for (const place of new Set([...want.keys(), ...got.keys()])) {
    const some = got.get(place) ?? [];
    const wanted = want.get(place) ?? [];
    for (let i = some.length; i < wanted.length; i++) lines.push(`missing ${place} by ${(wanted[i] as Expected).by.join(' ')}`);
    for (let i = wanted.length; i < some.length; i++) lines.push(`extra ${place} ${shownEvidence(some[i] as DrivenAlert)}`);
    if (some.length === wanted.length) lines.push(...unmatched(some, wanted, place));
  }
  return lines;
}

interface Placed {
  readonly rule: string;
  readonly key: readonly string[];
  readonly at: number;
  readonly kind: string;
}

function grouped<T extends Placed>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const place = `${item.rule} ${JSON.stringify(item.key)} ${item.at} ${item.kind}`;
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [item]);
    else group.push(item);
  }
  return groups;
}

/** Alerts of one rule, key, time and kind: each expected one needs an alert of its own that names its events and has its facts. */
function unmatched(alerts: readonly DrivenAlert[], expected: readonly Expected[], place: string): string[] {
  const fits = expected.map((want) => alerts.map((alert) => objections(alert, want)));
  const holder = new Array<number>(alerts.length).fill(-1);
  const lines: string[] = [];
  for (let i = 0; i < expected.length; i++) {
    if (assign(i, fits, holder, new Set())) continue;
    const own = (fits[i] as string[][]).reduce((best, other) => (other.length < best.length ? other : best));
    lines.push(...own.map((objection) => `${place}: ${objection}`));
    if (own.length === 0) lines.push(`${place}: several expected alerts, but only one that names ${(expected[i] as Expected).by.join(' ')}`);
  }
  return lines;
}

/** Finds an alert for expectation `i`, moving others to another one where that helps (augmenting path). */
function assign(i: number, fits: readonly (readonly string[][])[], holder: number[], tried: Set<number>): boolean {
  const row = fits[i] as readonly string[][];
  for (let j = 0; j < row.length; j++) {
    if ((row[j] as string[]).length > 0 || tried.has(j)) continue;
    tried.add(j);
    const other = holder[j] as number;
    if (other >= 0 && !assign(other, fits, holder, tried)) continue;
    holder[j] = i;
    return true;
  }
  return false;
}

function objections(alert: DrivenAlert, expected: Expected): string[] {
  const named = new Set(alert.evidence.map(({ id }) => id));
  const absent = expected.by.filter((id) => !named.has(id));
  const lines = absent.length > 0 && alert.evidenceCount <= alert.evidence.length ? [`does not name ${absent.join(' ')}, ${shownEvidence(alert)}`] : [];
  for (const [name, value] of Object.entries(expected.facts ?? {})) {
    const found = alert.facts[name];
    if (!agrees(found, value)) lines.push(`fact ${name} is ${JSON.stringify(found)}, expected ${JSON.stringify(value)}`);
  }
  return lines;
}

/** Equal; numbers within the relative error, at any depth. */
export function agrees(found: JsonValue | undefined, expected: JsonValue): boolean {
  if (typeof found === 'number' && typeof expected === 'number') return Math.abs(found - expected) <= FACT_ERROR * Math.max(Math.abs(found), Math.abs(expected));
  if (Array.isArray(expected)) return Array.isArray(found) && found.length === expected.length && expected.every((item, i) => agrees(found[i], item));
  if (typeof expected !== 'object' || expected === null) return found === expected;
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return false;
  const names = Object.keys(expected);
  const other = found as Readonly<Record<string, JsonValue>>;
  return Object.keys(other).length === names.length && names.every((name) => agrees(other[name], (expected as Readonly<Record<string, JsonValue>>)[name] as JsonValue));
}

const shownEvidence = (alert: DrivenAlert): string => `evidence ${alert.evidence.map(({ id }) => id).join(' ')}${alert.evidenceCount > alert.evidence.length ? ` of ${alert.evidenceCount}` : ''}`;
