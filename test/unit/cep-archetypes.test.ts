import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilePattern } from '../../src/cep/compile-pattern.js';
import type { PatternState } from '../../src/cep/matcher.js';
import type { EventCheck, PatternSpec, StageSpec } from '../../src/cep/pattern.js';
import { validatePattern } from '../../src/cep/validate-pattern.js';
import type { MatchView } from '../../src/event/match-view.js';
import type { JsonValue, StreamEvent } from '../../src/event/stream-event.js';

/** Ten rules that people really write, said as patterns, against the expected alerts of the acceptance data. */
type Params = Record<string, number>;
type RawEvent = { readonly id: string; readonly type: string; readonly ts: number; readonly [field: string]: JsonValue };
interface Case {
  readonly name: string;
  readonly rule: string;
  readonly allowedLatenessMs: number;
  readonly params?: Params;
  readonly lists?: Record<string, readonly string[]>;
  readonly events: readonly RawEvent[];
  readonly advanceTo?: number;
  readonly expect: readonly { readonly key: readonly string[]; readonly at: number; readonly kind: string; readonly by: readonly string[]; readonly facts?: Record<string, number> }[];
}
interface Archetype {
  readonly rule: string;
  readonly key: (event: RawEvent) => string | null;
  readonly pattern: (params: Params, lists: Record<string, readonly string[]>) => PatternSpec;
  readonly fact?: (match: readonly number[]) => Record<string, number>;
}

const raw = (event: StreamEvent): RawEvent => event.fields[0] as RawEvent;
const amount = (event: StreamEvent): number => raw(event)['amountMinor'] as number;
const isAmount = (least: number, most = Infinity) => (event: StreamEvent): boolean => Number.isInteger(amount(event)) && amount(event) >= least && amount(event) <= most;
const stage = (number: number, name: string, check: EventCheck, more: Partial<StageSpec> = {}): StageSpec => ({ kind: 'stage', stage: number, name, check, ...more });
const sum = (match: MatchView, of: number): number => {
  let total = 0;
  for (let i = 0; i < match.count(of); i++) total += amount(match.at(of, i) as StreamEvent);
  return total;
};
const field = (name: string) => (event: RawEvent): string | null => (event[name] === undefined || event[name] === null ? null : String(event[name]));

const ARCHETYPES: Record<string, Archetype> = {
  '06-small-then-large': {
    rule: 'small-then-large', key: field('card'),
    pattern: (p) => ({
      elements: [
        stage(0, 'small', { types: ['payment.approved'], local: isAmount(0, p['smallMaxMinor']) }, { times: { min: p['minSmall'] as number, max: p['minSmall'] as number }, spanMs: p['spanMs'] as number }),
        stage(1, 'large', { types: ['payment.approved'], local: isAmount(p['largeMinMinor'] as number) }, { withinMs: p['gapMs'] as number }),
      ],
    }),
  },
  '08-account-takeover': {
    rule: 'account-takeover', key: field('account'),
    pattern: (p) => {
      const stepUp = { kind: 'not', check: { types: ['stepup.passed'] } } as const;
      const toPayee = (event: StreamEvent, match: MatchView): boolean => typeof raw(event)['payee'] === 'string' && raw(event)['payee'] === raw(match.at(1, 0) as StreamEvent)['payee'];
      return {
        withinMs: p['withinMs'] as number,
        elements: [
          stage(0, 'changed', { types: ['password.changed'] }), stepUp, stage(1, 'payee', { types: ['payee.added'] }, { follow: 'followedByAny' }), stepUp,
          stage(2, 'sent', { types: ['transfer.sent'], local: isAmount(p['minAmountMinor'] as number), where: toPayee }),
        ],
      };
    },
  },
  '09-brute-force-success': {
    rule: 'brute-force-success', key: field('account'),
    pattern: (p, lists) => ({
      accept: (event) => !(lists[`trusted:${String(raw(event)['account'])}`] ?? []).includes(String(raw(event)['ip'])),
      elements: [
        stage(0, 'fails', { types: ['login.failed'] }, { times: { min: p['minFails'] as number, max: p['minFails'] as number }, spanMs: p['failSpanMs'] as number, until: { types: ['login.succeeded'] } }),
        stage(1, 'success', { types: ['login.succeeded'] }, { withinMs: p['successGapMs'] as number }),
      ],
    }),
  },
  '16-pass-through': {
    rule: 'pass-through', key: field('account'),
    pattern: (p) => ({
      withinMs: p['windowMs'] as number, skip: { to: 'none' }, limit: 1_000,
      elements: [
        stage(0, 'in', { types: ['transfer.received'], local: isAmount(p['minReceivedMinor'] as number) }),
        stage(1, 'out', { types: ['transfer.sent'], local: isAmount(0) }, {
          times: { min: 1, max: null }, having: (_, match) => 100 * sum(match, 1) >= (p['minSharePct'] as number) * amount(match.at(0, 0) as StreamEvent),
        }),
      ],
    }),
  },
  '19-shipped-unpaid': {
    rule: 'shipped-unpaid', key: field('order'),
    pattern: (p) => ({
      elements: [
        stage(0, 'placed', { types: ['order.placed'] }), stage(1, 'shipped', { types: ['order.shipped'] }, { withinMs: p['maxShipDelayMs'] as number }),
        { kind: 'absent', check: { types: ['payment.captured'] }, forMs: p['graceMs'] as number, since: 0, resolve: { withinMs: p['resolveMs'] as number } },
      ],
    }),
  },
  '20-recurring-silence': {
    rule: 'terminal-silence', key: field('terminal'),
    pattern: (p) => ({
      elements: [
        stage(0, 'heartbeat', { types: ['terminal.heartbeat'] }),
        { kind: 'absent', check: { types: ['terminal.heartbeat'] }, forMs: p['silenceMs'] as number, repeatEveryMs: p['repeatMs'] as number, resolve: { withinMs: null } },
      ],
    }),
  },
  '23-profile-change-cluster': {
    rule: 'profile-change-cluster', key: field('customer'),
    pattern: (p) => ({
      elements: [
        { kind: 'allOf', atLeast: p['minKinds'] as number, spanMs: p['changeSpanMs'] as number, members: ['password.changed', 'email.changed', 'phone.changed', 'sim.changed'].map((type, i) => stage(i, type, { types: [type] })) },
        stage(4, 'sent', { types: ['transfer.sent'], local: isAmount(p['minAmountMinor'] as number) }, { withinMs: p['transferGapMs'] as number }),
      ],
    }),
  },
  '24-ramping-amounts': {
    rule: 'ramping-amounts', key: field('card'), fact: (stages) => ({ length: stages.filter((number) => number === 0).length }),
    pattern: (p) => ({
      withinMs: p['withinMs'] as number, pick: 'longest',
      elements: [
        stage(0, 'ramp', { types: ['payment.approved'], local: isAmount(1), readsLastOf: [0], where: (event, match) => {
          const last = match.at(0, match.count(0) - 1);
          return last === undefined || 100 * amount(event) >= (p['minGrowthPct'] as number) * amount(last);
        } }, { times: { min: p['minRun'] as number, max: null }, inner: 'relaxedAny' }),
        stage(1, 'declined', { types: ['payment.declined'], local: (event) => raw(event)['reason'] === 'insufficient_funds' }),
      ],
    }),
  },
  '26-ping-pong': {
    rule: 'ping-pong',
    key: (event) => {
      const { from, to } = event;
      return typeof from === 'string' && typeof to === 'string' && from !== to ? JSON.stringify([from, to].sort()) : null;
    },
    pattern: (p) => ({
      withinMs: p['withinMs'] as number,
      elements: [
        stage(0, 'turn', { types: ['transfer.sent'], where: (event, match) => {
          const last = match.at(0, match.count(0) - 1);
          return last === undefined || raw(event)['from'] !== raw(last)['from'];
        } }, { times: { min: (p['minTurns'] as number) + 1, max: (p['minTurns'] as number) + 1 } }),
      ],
    }),
  },
};

const HOME = join(process.cwd(), '../shared/acceptance/archetypes');
const readJson = (...path: string[]): unknown => JSON.parse(readFileSync(join(HOME, ...path), 'utf8'));
const readLines = (...path: string[]): unknown[] => readFileSync(join(HOME, ...path), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as unknown);

/** What the task does before the matcher sees an event: repeats and late events out, the others in order of (ts, arrival). */
function inOrder({ events, allowedLatenessMs }: Case): RawEvent[] {
  const seen = new Set<string>();
  let largest = -Infinity;
  const taken = events.filter((event) => {
    largest = Math.max(largest, event.ts);
    const fresh = !seen.has(event.id) && event.ts >= largest - allowedLatenessMs;
    if (fresh) seen.add(event.id);
    return fresh;
  });
  return taken.map((event, arrival) => ({ event, arrival })).sort((a, b) => a.event.ts - b.event.ts || a.arrival - b.arrival).map(({ event }) => event);
}

function run(archetype: Archetype, spec: PatternSpec, item: Case): string[] {
  const compiled = compilePattern(spec, { capture: (event) => ({ ...event }) });
  const states = new Map<string, PatternState>();
  const lines: string[] = [];
  const note = (key: string, outputs: ReturnType<PatternState['step']>): void => {
    for (const { kind, at, taken, trigger, overflowed } of outputs) {
      const facts = archetype.fact?.(taken.map((one) => one.stage));
      const names = new Set([...taken.map((one) => one.event.id), trigger?.id]);
      lines.push(JSON.stringify({ key, at, kind: kind === 'match' ? 'alert' : kind, facts, names: [...names], ...(overflowed ? { overflowed } : {}) }));
    }
  };
  for (const event of inOrder(item)) {
    const key = archetype.key(event);
    if (key === null) continue;
    const state = states.get(key) ?? compiled.newState();
    states.set(key, state);
    note(key, state.step({ source: 's', type: event.type, ts: event.ts, id: event.id, partition: 0, offset: 0, fields: [event] }));
  }
  const end = item.advanceTo ?? item.events.reduce((largest, event) => Math.max(largest, event.ts), -Infinity);
  for (const [key, state] of states) note(key, state.advanceTime(end));
  return lines;
}

type Line = { key: string; at: number; kind: string; facts?: Record<string, number>; names: string[] };

function compare(lines: readonly string[], expected: Case['expect']): { got: string[]; want: string[]; unnamed: string[] } {
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  const text = (key: string, at: number, kind: string, facts: unknown): string => `${at} ${kind} ${key} ${facts === undefined ? '' : JSON.stringify(facts)}`;
  const keyOf = (key: readonly string[]): string => (key.length === 1 ? (key[0] as string) : JSON.stringify(key));
  const unnamed = expected.flatMap((one) => {
    const same = parsed.filter((line) => line.at === one.at && line.kind === one.kind && line.key === keyOf(one.key));
    return same.some((line) => one.by.every((id) => line.names.includes(id))) ? [] : [`${one.at} does not name ${one.by.join(' ')}`];
  });
  return { got: parsed.map((line) => text(line.key, line.at, line.kind, line.facts)).sort(), want: expected.map((one) => text(keyOf(one.key), one.at, one.kind, one.facts)).sort(), unnamed };
}

describe.each(Object.entries(ARCHETYPES))('%s', (folder, archetype) => {
  const params = readJson(folder, 'params.json') as Params;
  const cases = (readLines(folder, 'cases.jsonl') as Case[]).filter(({ rule }) => rule === archetype.rule);
  const stream = readJson(folder, 'stream.json') as Omit<Case, 'events' | 'expect' | 'rule' | 'name'>;
  const whole: Case = { ...stream, name: 'stream', rule: archetype.rule, events: readLines(folder, 'events.jsonl') as RawEvent[], expect: (readLines(folder, 'expected.jsonl') as (Case['expect'][number] & { rule: string })[]).filter(({ rule }) => rule === archetype.rule) };

  it('is a pattern that may be published', () => {
    expect(readdirSync(HOME)).toContain(folder);
    expect(validatePattern(archetype.pattern(params, {}))).toEqual([]);
  });

  it.each([...cases, whole].map((item) => [item.name, item] as const))('%s', (_, item) => {
    const spec = archetype.pattern({ ...params, ...item.params }, item.lists ?? {});
    const { got, want, unnamed } = compare(run(archetype, spec, item), item.expect);
    expect(got).toEqual(want);
    expect(unnamed).toEqual([]);
  });
});
