import type { JsonValue, StreamEvent } from '../event/stream-event.js';
import { keyPartsOf } from '../rules/key-text.js';
import type { GroupProgram } from './group-program.js';
import type { KeyState } from './key-state.js';
import { PatternPart } from './parts.js';
import type { RunningRule } from './running-rule.js';

/** What is half done for a key under one rule, for people. */
export function explainKey(program: GroupProgram, rule: RunningRule, state: KeyState): JsonValue {
  const windows: Record<string, JsonValue> = {};
  for (const entry of rule.program.lets) {
    if (entry.kind !== 'kept') continue;
    const number = program.numberOf(entry.aggregate.id);
    const part = number === undefined ? undefined : state.parts.get(number);
    windows[entry.name] = part === undefined ? null : { form: entry.aggregate.spec.form, emptyFrom: time(part.expiresAt()) };
  }
  const part = rule.patternPart < 0 ? undefined : state.parts.get(rule.patternPart);
  const names = rule.program.pattern?.compiled.stageNames ?? [];
  return {
    rule: rule.live.ruleId,
    version: rule.live.version,
    key: keyPartsOf(state.key),
    lastEventAt: time(state.lastTs),
    waitingEvents: state.waiting?.length ?? 0,
    windows,
    partialMatches: part instanceof PatternPart ? part.state.partialMatches().map((match) => ({
      taken: match.taken.map(({ stage, event }) => ({ stage: names[stage] ?? stage, ...coordinates(event) })),
      waitsFor: match.waitsFor.map(({ what, stage, untilMs }) => ({ what, stage: stage === null ? null : (names[stage] ?? stage), until: time(untilMs) })),
    })) : [],
  };
}

const time = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

const coordinates = ({ source, partition, offset, id, ts, type }: StreamEvent): Record<string, JsonValue> => ({ source, partition, offset, id, type, ts });
