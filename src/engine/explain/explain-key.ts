import type { PatternState } from '../../cep/matcher.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../event/stream-event.js';
import { WITNESS } from '../../rules/compile-rule.js';
import { keyPartsOf } from '../../rules/key-text.js';
import { peek } from '../../state/peek.js';
import { FiringState } from '../alerts/firing.js';
import type { GroupProgram } from '../groups/group-program.js';
import type { KeyState } from '../groups/key-state.js';
import type { RunningRule } from '../groups/running-rule.js';

/** Values of `per` whose standing is shown. */
const MUTES_MAX = 50;

/**
 * What is half done for a key under one rule, for people: what its windows hold, partial matches and what each waits for, whether it may fire.
 * @param watermarkMs how far the time of the key's events has come
 */
export function explainKey(program: GroupProgram, rule: RunningRule, state: KeyState, watermarkMs: number): JsonValue {
  const asOf = Math.max(state.lastTs, watermarkMs);
  const windows: Record<string, JsonValue> = {};
  for (const { entry, part } of rule.kept) windows[entry.name] = windowOf(program, entry.aggregate.spec.form, entry.bare, part, state, asOf);
  const pattern = state.parts.get(rule.patternPart) as PatternState | undefined;
  const names = rule.program.pattern?.compiled.stageNames ?? [];
  return {
    rule: rule.live.ruleId,
    version: rule.live.version,
    status: rule.halted ? 'halted' : rule.live.status,
    key: keyPartsOf(state.key),
    asOf: time(asOf),
    lastEventAt: time(state.lastTs),
    waitingEvents: state.waiting?.length ?? 0,
    windows,
    firing: firingOf(rule, state, asOf),
    partialMatches: (pattern?.partialMatches() ?? []).filter(({ waitsFor }) => rule.timed || waitsFor.some(({ untilMs }) => untilMs >= watermarkMs)).map((match) => ({
      taken: match.taken.map(({ stage, event }) => ({ stage: names[stage] ?? stage, ...coordinates(event) })),
      waitsFor: match.waitsFor.map(({ what, stage, untilMs }) => ({ what, stage: stage === null ? null : (names[stage] ?? stage), until: time(untilMs) })),
    })),
  };
}

/** What one entry holds, as of now: its value, or those of its groups; null where nothing is kept. */
function windowOf(program: GroupProgram, form: string, bare: string | null, number: number, state: KeyState, asOf: number): JsonValue {
  const part = state.parts.get(number);
  if (part === undefined || part.expiresAt() === -Infinity || !Number.isFinite(asOf)) return null;
  const peeked = peek(() => program.aggregate(program.noParts(), number), part, asOf);
  const shared = { form, emptyFrom: time(part.expiresAt()), ...(part.dropped > 0 ? { dropped: part.dropped } : {}) };
  if (peeked.kind === 'value') return { ...shared, value: shown(peeked.value, bare) };
  return { ...shared, groups: peeked.groups.map(({ group, value }) => ({ group, value: shown(value, bare) })), groupCount: peeked.count };
}

function shown(value: FieldValue, bare: string | null): JsonValue {
  if (value === undefined || value === null || typeof value !== 'object' || Array.isArray(value)) return value ?? null;
  const object = Object.fromEntries(Object.entries(value as Record<string, JsonValue>).filter(([name]) => name !== WITNESS));
  return bare === null ? object : (object[bare] ?? null);
}

/** Whether the rule may fire for the key, and if not, from when on; null: a condition has to arm it, or it never will. */
function firingOf(rule: RunningRule, state: KeyState, asOf: number): JsonValue {
  const part = state.parts.get(rule.firingPart);
  const muted = part instanceof FiringState ? part.standing.filter(({ until }) => until > asOf) : [];
  return {
    policy: rule.program.policy.kind,
    armed: !muted.some(({ per }) => per === ''),
    muted: muted.slice(-MUTES_MAX).map(({ per, until }) => ({ per: per === '' ? [] : (JSON.parse(per) as JsonValue), until: time(until) })),
  };
}

const time = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

const coordinates = ({ source, partition, offset, id, ts, type }: StreamEvent): Record<string, JsonValue> => ({ source, partition, offset, id, type, ts });
