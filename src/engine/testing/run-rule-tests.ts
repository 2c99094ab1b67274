import { EngineError } from '../../event/engine-error.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { ResolvedRule, RuleTest } from '../../rules/rule.js';
import { SIGNALS } from '../control/topology.js';
import { RuleTestDriver, type DrivenAlert } from './rule-test-driver.js';

export interface RuleTestOptions {
  /** source definitions by name; a source that is not among them has `ts` in ms, `type` and `id` */
  readonly sources?: Readonly<Record<string, JsonValue>>;
  /** asked between two events: true ends the run */
  readonly outOfTime?: () => boolean;
}

/** What came of one test of a rule document. */
export interface RuleTestResult {
  readonly name: string;
  /** `unfinished`: time was over before or while it ran */
  readonly outcome: 'passed' | 'failed' | 'unfinished';
  /** what differs from what was expected, one line each */
  readonly differences: readonly string[];
}

/** Signals reach a rule in its tests as events of a source of their own: there is no other rule to send them. */
const GIVEN_SIGNALS = 'given-signals';
/** Relative error allowed in a number of an alert's facts. */
const FACT_ERROR = 1e-9;
const DIFFERENCES_MAX = 20;

/**
 * Runs the tests that a rule document holds, each in tasks of its own as the service has them. A test passes when the alerts are those
 * expected, no more and no fewer: each expected one needs an alert of its own at its time, of its key and kind (where it names them), that
 * names the events in `by` and has the facts. Pure, and as quick as the events are few; `outOfTime` bounds it from outside.
 * @param document as posted; `rule` is what it resolves to
 */
export function runRuleTests(document: JsonValue, rule: ResolvedRule, options: RuleTestOptions = {}): RuleTestResult[] {
  return rule.tests.map((test) => {
    if (options.outOfTime?.() === true) return { name: test.name, outcome: 'unfinished', differences: [] };
    return runTest(document as { readonly [name: string]: JsonValue }, rule, test, options);
  });
}

function runTest(document: { readonly [name: string]: JsonValue }, rule: ResolvedRule, test: RuleTest, options: RuleTestOptions): RuleTestResult {
  const { name } = test;
  const names = rule.from.map(givenName);
  try {
    const driver = new RuleTestDriver({
      rules: [{ document: { ...document, from: names, tests: [] }, params: test.params }],
      lists: test.lists,
      sources: Object.fromEntries(rule.from.map((source) => [givenName(source), sourceOf(source, test, options)])),
    });
    for (const [i, event] of test.events.entries()) {
      if (options.outOfTime?.() === true) return { name, outcome: 'unfinished', differences: [] };
      const refused = push(driver, event, names);
      if (refused !== null) return { name, outcome: 'failed', differences: [`event ${i} was refused: ${refused}`] };
    }
    driver.finish();
    if (test.advanceTo !== null) driver.advanceTo(test.advanceTo);
    const differences = compare(driver.alerts, test.expect);
    return { name, outcome: differences.length === 0 ? 'passed' : 'failed', differences: differences.slice(0, DIFFERENCES_MAX) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { name, outcome: 'failed', differences: [error.message] };
  }
}

const givenName = (source: string): string => (source === SIGNALS ? GIVEN_SIGNALS : source);

function sourceOf(source: string, test: RuleTest, { sources }: RuleTestOptions): JsonValue {
  const declared = sources?.[source] as { readonly [name: string]: JsonValue } | undefined;
  const definition = declared ?? { topic: givenName(source), eventTime: { field: 'ts', unit: 'ms' }, type: { field: 'type' }, id: { field: 'id' } };
  return { ...definition, startFrom: 'earliest', disorder: test.disorderMs };
}

/** @returns why the event could not be taken; null where it was. A late event is one that has no effect, which a test may well be about */
function push(driver: RuleTestDriver, event: JsonValue, names: readonly string[]): string | null {
  const before = driver.side.length;
  const named = (event as { readonly source?: JsonValue }).source;
  const source = typeof named === 'string' && names.includes(givenName(named)) ? givenName(named) : names[0];
  driver.push(event, source);
  const dead = driver.side.slice(before).find(({ kind }) => kind === 'dead');
  return dead === undefined ? null : dead.message;
}

type Expected = RuleTest['expect'][number];

/** Pairs each expected alert with one that fits it, as many as can be (augmenting paths), and names what is left over. */
function compare(alerts: readonly DrivenAlert[], expected: readonly Expected[]): string[] {
  const holder = new Array<number>(alerts.length).fill(-1);
  const assign = (i: number, tried: Set<number>): boolean => {
    for (let j = 0; j < alerts.length; j++) {
      if (tried.has(j) || objections(alerts[j] as DrivenAlert, expected[i] as Expected).length > 0) continue;
      tried.add(j);
      const other = holder[j] as number;
      if (other >= 0 && !assign(other, tried)) continue;
      holder[j] = i;
      return true;
    }
    return false;
  };
  const missing = expected.filter((_, i) => !assign(i, new Set()));
  const extra = alerts.filter((_, j) => holder[j] === -1);
  return [...missing.map((want) => `missing ${shownExpected(want)}${nearMiss(extra, want)}`), ...extra.map((alert) => `unexpected ${shownAlert(alert)}`)];
}

/** Of the alerts left over at the same time, why the nearest does not do. */
function nearMiss(extra: readonly DrivenAlert[], want: Expected): string {
  const reasons = extra.filter(({ at }) => at === want.at).map((alert) => objections(alert, want));
  const [nearest] = reasons.sort((a, b) => a.length - b.length);
  return nearest === undefined ? '' : `: one at that time ${nearest.join(', ')}`;
}

function objections(alert: DrivenAlert, { at, key, kind, by, facts }: Expected): string[] {
  const found: string[] = [];
  if (alert.at !== at) found.push(`is at ${alert.at}`);
  if (key !== undefined && JSON.stringify(alert.key) !== JSON.stringify(key)) found.push(`has the key ${JSON.stringify(alert.key)}`);
  if (kind !== undefined && alert.kind !== kind) found.push(`is of kind ${alert.kind}`);
  const named = new Set(alert.evidence.map(({ id }) => id));
  const absent = (by ?? []).filter((id) => !named.has(id));
  if (absent.length > 0) found.push(`does not name ${absent.join(', ')}`);
  for (const [name, value] of Object.entries(facts ?? {})) {
    if (!agrees(alert.facts[name], value)) found.push(`has ${name} ${JSON.stringify(alert.facts[name]) ?? 'missing'} instead of ${JSON.stringify(value)}`);
  }
  return found;
}

/** Equal; numbers within the relative error, at any depth. */
function agrees(found: JsonValue | undefined, wanted: JsonValue): boolean {
  if (typeof found === 'number' && typeof wanted === 'number') return Math.abs(found - wanted) <= FACT_ERROR * Math.max(Math.abs(found), Math.abs(wanted));
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null || Array.isArray(found) !== Array.isArray(wanted)) return false;
  const names = Object.keys(wanted);
  return Object.keys(found).length === names.length && names.every((name) => agrees((found as Record<string, JsonValue>)[name], (wanted as Record<string, JsonValue>)[name] as JsonValue));
}

function shownExpected({ at, key, kind, by }: Expected): string {
  return [kind ?? 'alert', 'at', at, ...(key === undefined ? [] : ['of', JSON.stringify(key)]), ...(by === undefined || by.length === 0 ? [] : ['by', by.join(', ')])].join(' ');
}

const shownAlert = ({ at, key, kind, evidence }: DrivenAlert): string => `${kind} at ${at} of ${JSON.stringify(key)} by ${evidence.map(({ id }) => id).join(', ')}`;
