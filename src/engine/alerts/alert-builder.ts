import type { PatternOutput } from '../../cep/matcher.js';
import { hash128, hash32 } from '../../event/hash.js';
import type { MatchView } from '../../event/match-view.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../event/stream-event.js';
import { WITNESS } from '../../rules/compile-rule.js';
import { isOnePart, keyPartsOf } from '../../rules/key-text.js';
import type { AlertEffect } from '../task/effects.js';
import { factsText, jsonOf, quoted } from './alert-text.js';
import type { RunningRule } from '../groups/running-rule.js';
import { engineLimits } from '../limits.js';
import { SIGNALS } from '../control/topology.js';

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
}

/** The alert as it is written; the same firing gives the same bytes, whenever and wherever it is computed. @param warm its windows had been filled when it came about */
export function buildAlert(firing: Firing, warm: boolean): AlertEffect {
  const { rule, key, kind, at, event, match, evidence } = firing;
  const { live, program, texts } = rule;
  const id = hash128(identityOf(firing));
  const message: FieldValue = program.alert.message?.(event, match);
  const json =
    `{"id":"${id}"${texts.rule}${keyJson(key)},"at":${at},"kind":"${kind}"${texts.kindOf}${message === undefined ? '' : `,"message":${jsonOf(message)}`}` +
    `,"facts":${factsJson(firing)},"evidence":${evidenceJson(evidence, live.rule.limits.evidence)},"evidenceCount":${evidence.length},"matches":${firing.matches},"warm":${warm}` +
    `${firing.byIdleClock ? ',"by":"idle-clock"' : ''}${firing.repeat > 0 ? `,"repeat":${firing.repeat}` : ''}` +
    `${firing.overflowed || firing.dropped > 0 ? `,"overflowed":true,"dropped":${firing.dropped}` : ''}${texts.shadow}}`;
  return { id, shadow: live.status === 'shadow', kind, key, json, ruleId: live.ruleId, version: live.version };
}

/** What makes an alert the same one: rule, key, kind, moment, and the events it rests on. */
function identityOf({ rule: { live }, key, kind, at, repeat, evidence }: Firing): string {
  let text = `${live.ruleId}\n${live.version}\n${key}\n${kind}\n${at}\n${repeat}`;
  for (const one of evidence) text += `\n${coordinates(one)}`;
  return text;
}

const keyJson = (key: string): string => (isOnePart(key) ? `[${quoted(key)}]` : JSON.stringify(keyPartsOf(key)));

function factsJson({ rule, event, match }: Firing): string {
  const { facts } = rule.program.alert;
  return facts.length === 0 ? '{}' : factsText(rule.texts.factNames, facts.map(({ read }) => bounded(read(event, match))));
}

/** @param max so many are named: the first ones and the last */
function evidenceJson(evidence: readonly Evidence[], max: number): string {
  let text = '';
  for (let i = 0; i < evidence.length; i++) {
    if (i >= max - 1 && i < evidence.length - 1) continue;
    const { stage, source, partition, offset, id, ts } = evidence[i] as Evidence;
    text += `${text === '' ? '' : ','}{"stage":${quoted(stage)},"source":${quoted(source)},"partition":${partition},"offset":${offset},"id":${id === null ? 'null' : quoted(id)},"ts":${ts}}`;
  }
  return `[${text}]`;
}

/** A value that keeps an alert within what a record may hold. */
function bounded(value: FieldValue): FieldValue {
  if (typeof value === 'string') return value.length > engineLimits.factCharsMax ? `${value.slice(0, engineLimits.factCharsMax)}…` : value;
  if (value === undefined || value === null || typeof value !== 'object' || JSON.stringify(value).length <= engineLimits.factCharsMax * 4) return value;
  return '(too large to show)';
}

const coordinates = ({ stage, source, partition, offset, id }: Evidence): string => (source === SIGNALS ? `${stage}/${source}/${id}` : `${stage}/${source}/${partition}/${offset}`);

/** Three unsigned 32-bit numbers by which a replay compares an alert with what was journaled. */
export function digestOf(groupId: string, alert: AlertEffect): [number, number, number] {
  return [keyHash(groupId, alert.key), uint32At(alert.id, 0), uint32At(alert.id, 8)];
}

/** The number that eight hexadecimal digits say. */
function uint32At(hex: string, from: number): number {
  let value = 0;
  for (let i = from; i < from + 8; i++) {
    const code = hex.charCodeAt(i);
    value = (value << 4) | (code <= NINE ? code - ZERO : code - LETTER_A + 10);
  }
  return value >>> 0;
}

const [ZERO, NINE, LETTER_A] = [0x30, 0x39, 0x61];

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
