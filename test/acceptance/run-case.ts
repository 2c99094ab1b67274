import { RuleTestDriver, type DrivenAlert } from '../../src/engine/testing/rule-test-driver.js';
import { hash32 } from '../../src/event/hash.js';
import type { Case } from './archetype.js';
import { differences } from './compare.js';
import { interleaved } from './other-keys.js';
import { paramsFor, type PackedRule } from './packed-rule.js';

/** Longer than any case: an id counts once, wherever it comes. */
const WHOLE_CASE_MS = 100 * 365 * 86_400_000;
/** A stream is written and restored so often; a case after every event. */
const STREAM_RESTORE_EVERY = 50;

export interface Way {
  readonly name: string;
  /** what differs in this way of running */
  readonly lines: readonly string[];
}

/** Runs a case in every way of the acceptance README. All ways agree where each has no line. @param fast `false`: patterns on the general matcher */
export function runCase(item: Case, rules: readonly PackedRule[], fast = true): Way[] {
  const ways: Way[] = [];
  const add = (name: string, run: Case, how: How): void => void ways.push({ name, lines: attempt(run, rules, { ...how, fast }) });
  add('straight', item, { batch: false });
  add('restored', item, { batch: false, restoreEvery: item.isStream ? STREAM_RESTORE_EVERY : 1 });
  const twice = interleaved(item, rules);
  if (twice !== null) add('interleaved', twice, { batch: false });
  add('one batch', item, { batch: true });
  return ways;
}

/**
 * Beyond the README: the same over three partitions, so that every event goes through re-keying. Null where an event is late, which
 * is another question with other partitions.
 */
export function runPartitioned(item: Case, rules: readonly PackedRule[], restoreEvery?: number): Way | null {
  if (hasLateEvent(item)) return null;
  return { name: 'three partitions', lines: attempt(item, rules, { batch: false, partitions: 3, ...(restoreEvery === undefined ? {} : { restoreEvery }) }) };
}

/** Beyond the README: patterns on the general matcher. */
export function runGeneral(item: Case, rules: readonly PackedRule[]): Way {
  return { name: 'general matcher', lines: attempt(item, rules, { batch: false, fast: false }) };
}

function hasLateEvent({ events, allowedLatenessMs }: Case): boolean {
  let largest = -Infinity;
  return events.some(({ ts }) => {
    largest = Math.max(largest, ts);
    return ts < largest - allowedLatenessMs;
  });
}

interface How {
  /** all events at once, or each by itself */
  readonly batch: boolean;
  readonly restoreEvery?: number;
  readonly partitions?: number;
  readonly fast?: boolean;
}

function attempt(item: Case, rules: readonly PackedRule[], how: How): string[] {
  try {
    const wanted = new Set(item.rules);
    return differences(alertsOf(item, rules, how).filter(({ rule }) => wanted.has(rule)), item.expect);
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

function alertsOf(item: Case, rules: readonly PackedRule[], { batch, restoreEvery, partitions = 1, fast = true }: How): readonly DrivenAlert[] {
  const driver = new RuleTestDriver({
    rules: rules.map((rule) => ({ document: rule.document, params: paramsFor(rule, item.params), status: item.shadow.includes(rule.id) ? 'shadow' : 'active' })),
    lists: item.lists,
    disorderMs: item.allowedLatenessMs,
    dedupeMs: WHOLE_CASE_MS,
    partitions,
    keyedPartitions: partitions === 1 ? 1 : 2,
    fast,
  });
  if (batch) driver.pushAll(item.events);
  else {
    item.events.forEach((event, i) => {
      // a repeat comes on the partition of the first
      driver.push(event, undefined, hash32(event.id) % partitions);
      if (restoreEvery !== undefined && (i + 1) % restoreEvery === 0) driver.restart();
    });
  }
  driver.finish();
  if (restoreEvery !== undefined) driver.restart();
  if (item.advanceTo !== null) driver.advanceTo(item.advanceTo);
  return driver.alerts;
}
