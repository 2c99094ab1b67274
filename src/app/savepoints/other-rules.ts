import type { ControlRecord } from '../../engine/control/control.js';
import { ControlState } from '../../engine/control/control-state.js';
import { EngineError } from '../../event/engine-error.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { ControlPrefix } from '../../stream/savepoint/read-savepoint.js';

/**
 * Rules that a restored application begins with, as the next versions behind everything that the savepoint has: what their state goes on
 * with is what any change of a rule keeps. A document that the version at work has already changes nothing.
 * @param documents valid ones
 * @throws EngineError `savepoint.unfit` for one over a source that the savepoint does not have
 */
export function otherRules(documents: readonly JsonValue[], { records }: ControlPrefix): ControlRecord[] {
  const control = new ControlState(1);
  for (const { record, offset } of records) control.apply(record, offset);
  const last = records[records.length - 1]?.record.change;
  if (last === undefined) throw new EngineError('savepoint.unfit', { found: 'a savepoint without sources', expected: 'sources for the rules', advice: 'restore it without --rules' });
  const changed = documents.filter((document) => !control.liveRules().some((live) => live.status === 'active' && live.ruleId === idOf(document) && JSON.stringify(documentOf(records, live.ruleId, live.version)) === JSON.stringify(document)));
  return changed.map((document, i) => {
    const ruleId = idOf(document);
    requireSources(document, ruleId, control);
    return { kind: 'rule', change: { catalogue: last.catalogue, number: last.number + 1 + i }, ruleId, version: 1 + latestVersion(records, ruleId), status: 'active', document };
  });
}

function requireSources(document: JsonValue, ruleId: string, control: ControlState): void {
  const { from } = document as { readonly from: string | readonly string[] };
  const missing = [from].flat().find((name) => name !== 'signals' && !control.sources.has(name));
  if (missing !== undefined) throw new EngineError('savepoint.unfit', { found: `rule ${ruleId} over source ${missing}`, expected: `one of ${[...control.sources.keys()].join(', ')}`, advice: 'declare the source and put the rule to work once the application runs' });
}

const idOf = (document: JsonValue): string => String((document as { readonly id?: JsonValue } | null)?.id);

function versionsOf(records: ControlPrefix['records'], ruleId: string): (ControlRecord & { readonly kind: 'rule' })[] {
  return records.flatMap(({ record }) => (record.kind === 'rule' && record.ruleId === ruleId ? [record] : []));
}

const latestVersion = (records: ControlPrefix['records'], ruleId: string): number => Math.max(0, ...versionsOf(records, ruleId).map(({ version }) => version));

const documentOf = (records: ControlPrefix['records'], ruleId: string, version: number): JsonValue | undefined => versionsOf(records, ruleId).findLast((record) => record.version === version)?.document as JsonValue | undefined;
