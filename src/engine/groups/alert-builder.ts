import type { PatternOutput } from '../../cep/matcher.js';
import { hash128, hash32 } from '../../event/hash.js';
import type { MatchView } from '../../event/match-view.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../event/stream-event.js';
import { WITNESS } from '../../rules/compile-rule.js';
import { keyPartsOf } from '../../rules/key-text.js';
import type { AlertEffect } from '../task/effects.js';
import type { RunningRule } from './running-rule.js';
import { engineLimits } from '../limits.js';
import { SIGNALS } from '../task/topology.js';

/** An event that an alert rests on. */
export interface Evidence {
  /** stage of the pattern, name of the `let` entry, or `trigger` */
  readonly stage: string;
  readonly source: string;
  readonly partition: number;
  readonly offset: number;
  readonly id: string | null;
  readonly ts: number;
}

/** What one firing says, before it becomes JSON. */
export interface Firing {
  readonly rule: RunningRule;
  readonly key: string;
  readonly kind: AlertEffect['kind'];
  /** event time of the detection, epoch ms */
  readonly at: number;
  /** the event that facts are read from */
  readonly event: StreamEvent;
  readonly match: MatchView;
  readonly evidence: readonly Evidence[];
  /** exact number of matches that completed together */
  readonly matches: number;
  /** number of the repetition of an absence; 0 = the first */
  readonly repeat: number;
  readonly byIdleClock: boolean;
  /** partial matches were dropped for the bound: there may be more or other matches */
  readonly overflowed: boolean;
  /** entries of the key's windows, partial matches and remembered values that a bound made it forget so far */
  readonly dropped: number;
  readonly warm: boolean;
}

/** The alert as it is written; the same firing gives the same bytes, whenever and wherever it is computed. */
export function buildAlert(firing: Firing): AlertEffect {
  const { rule, key, kind, at, event, match, evidence } = firing;
  const { live, program } = rule;
  const evidenceMax = live.rule.limits.evidence;
  const named = evidence.length > evidenceMax ? [...evidence.slice(0, evidenceMax - 1), evidence[evidence.length - 1] as Evidence] : evidence;
  const id = hash128([live.ruleId, live.version, key, kind, at, firing.repeat, ...evidence.map(coordinates)].join('\n'));
  const facts: Record<string, JsonValue> = {};
  for (const { name, read } of program.alert.facts) {
    const value = read(event, match);
    if (value !== undefined) facts[name] = bounded(value);
  }
  const message: FieldValue = program.alert.message?.(event, match);
  const alert = {
    id,
    rule: live.ruleId,
    version: live.version,
    key: keyPartsOf(key),
    at,
    kind,
    severity: program.alert.severity,
    type: program.alert.type,
    ...(message === undefined ? {} : { message }),
    facts,
    evidence: named,
    evidenceCount: evidence.length,
    matches: firing.matches,
    warm: firing.warm,
    ...(firing.byIdleClock ? { by: 'idle-clock' } : {}),
    ...(firing.repeat > 0 ? { repeat: firing.repeat } : {}),
    ...(firing.overflowed || firing.dropped > 0 ? { overflowed: true, dropped: firing.dropped } : {}),
    ...(live.status === 'shadow' ? { shadow: true } : {}),
  };
  return { id, shadow: live.status === 'shadow', kind, key, json: JSON.stringify(alert), ruleId: live.ruleId, version: live.version };
}

/** A value that keeps an alert within what a record may hold. */
function bounded(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.length > engineLimits.factCharsMax ? `${value.slice(0, engineLimits.factCharsMax)}…` : value;
  if (value === null || typeof value !== 'object' || JSON.stringify(value).length <= engineLimits.factCharsMax * 4) return value;
  return '(too large to show)';
}

const coordinates = ({ stage, source, partition, offset, id }: Evidence): string => (source === SIGNALS ? `${stage}/${source}/${id}` : `${stage}/${source}/${partition}/${offset}`);

/** Three unsigned 32-bit numbers by which a replay compares an alert with what was journaled. */
export function digestOf(groupId: string, alert: AlertEffect): [number, number, number] {
  return [keyHash(groupId, alert.key), parseInt(alert.id.slice(0, 8), 16), parseInt(alert.id.slice(8, 16), 16)];
}

export function keyHash(groupId: string, key: string): number {
  return hash32(`${groupId}\n${key}`);
}

export function evidenceOf(stage: string, event: StreamEvent): Evidence {
  return { stage, source: event.source, partition: event.partition, offset: event.offset, id: event.id, ts: event.ts };
}

/** Evidence of a match: all events taken, in order. */
export function matchEvidence(output: PatternOutput, stageNames: readonly string[]): Evidence[] {
  const evidence = output.taken.map(({ stage, event }) => evidenceOf(stageNames[stage] ?? String(stage), event));
  if (output.kind === 'resolved' && output.trigger !== null) evidence.push(evidenceOf('resolved', output.trigger));
  return evidence;
}

/** The taken events of a match by stage, as conditions and templates read them. */
export class TakenView implements MatchView {
  constructor(private readonly taken: PatternOutput['taken']) {}

  count(stage: number): number {
    let n = 0;
    for (const event of this.taken) if (event.stage === stage) n++;
    return n;
  }

  at(stage: number, i: number): StreamEvent | undefined {
    for (const { stage: of, event } of this.taken) if (of === stage && i-- === 0) return event;
    return undefined;
  }
}

/** The event that a `let` value of first, last or previous stands for. */
export function witnessOf(name: string, value: FieldValue): Evidence | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const witness = (value as Record<string, JsonValue>)[WITNESS];
  if (!Array.isArray(witness)) return null;
  const [source, partition, offset, id, ts] = witness as [string, number, number, string | null, number];
  return { stage: name, source, partition, offset, id, ts };
}
