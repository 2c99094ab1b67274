import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../src/event/engine-error.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { parseDuration } from '../../src/rules/duration.js';
import { ruleLimits } from '../../src/rules/limits.js';
import { resolveParams } from '../../src/rules/resolve-params.js';
import { ruleSchema, type Rule } from '../../src/rules/rule-schema.js';

const leaf = { fact: 'x', operator: 'equal', value: 1 };

describe('durations', () => {
  it.each<[unknown, number | null]>([
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1s500ms', 1_500],
    ['0s', 0],
    [250, 250],
    [0, 0],
    ['', null],
    ['10', null],
    ['1h1h', null],
    ['-1h', null],
    ['1.5h', null],
    ['1 h', null],
    [1.5, null],
    [-1, null],
    [ruleLimits.durationMsMax, ruleLimits.durationMsMax],
    [ruleLimits.durationMsMax + 1, null],
    ['999999999999999w', null],
    [null, null],
  ])('%j is %j ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

describe('params', () => {
  const rule: Rule = ruleSchema.parse({
    id: 'ping',
    from: 'transfers',
    key: 'account',
    params: { minTurns: 3, wait: '10m', windowMs: 60_000, p: 0.5 },
    let: {
      n: { count: true, window: { cel: 'params.windowMs * 2' }, current: 'exclude' },
      w: { sum: 'amount', window: { sliding: '30d', resolution: '1h', delay: { cel: 'params.wait' } }, by: ['card', { cel: 'device' }], since: leaf },
      q: { percentile: 'amount', p: { cel: 'params.p * 100' }, window: '1h' },
      c: { collect: 'name', distinct: true, limit: 5 },
      last: { previous: ['lat', 'ts'] },
      one: { previous: 'ts' },
      named: { first: { id: 'device.id' } },
      s: { seen: ['a', 'b'], ttl: '90d', refresh: true },
      level: { decay: 'score', halfLife: '24h' },
      season: { seasonal: { sum: 'amount' }, bucket: 'hourOfWeek', seasons: 4 },
      e: 'n + 1',
    },
    pattern: {
      stages: [
        { as: 'turns', on: ['a', 'b'], times: { min: { cel: 'params.minTurns + 1' } }, until: { on: 'stop' }, span: { cel: 'params.wait' } },
        { absent: { on: 'b' }, for: { cel: 'duration(params.wait) + 1' }, resolve: true },
      ],
      within: '1d',
      skip: { toFirst: 'turns' },
    },
    policy: { fire: { once: { cel: 'params.wait' }, per: ['e'] } },
    emit: { signal: 'ring', fields: { a: 'account', b: { value: 'text' }, c: 5 } },
  });

  it('work out every number and duration, in ms', () => {
    const resolved = resolveParams(rule);
    const scope = { on: null, of: null, by: [], since: null, at: null, current: 'include' };
    const none = { kind: 'unbounded' };
    expect(resolved.lets).toEqual([
      { ...scope, name: 'n', current: 'exclude', form: 'aggregate', fn: 'count', fields: [], p: null, accuracy: null, window: { kind: 'sliding', sizeMs: 120_000, delayMs: 0, resolutionMs: null } },
      { ...scope, name: 'w', by: [{ fact: 'card' }, { cel: 'device' }], since: leaf, form: 'aggregate', fn: 'sum', fields: [{ fact: 'amount' }], p: null, accuracy: null, window: { kind: 'sliding', sizeMs: 2_592_000_000, delayMs: 600_000, resolutionMs: 3_600_000 } },
      { ...scope, name: 'q', form: 'aggregate', fn: 'percentile', fields: [{ fact: 'amount' }], p: 50, accuracy: null, window: { kind: 'sliding', sizeMs: 3_600_000, delayMs: 0, resolutionMs: null } },
      { ...scope, name: 'c', form: 'collect', field: { fact: 'name' }, distinct: true, limit: 5, window: none },
      { ...scope, name: 'last', form: 'previous', fields: [{ name: 'lat', ref: { fact: 'lat' } }, { name: 'ts', ref: { fact: 'ts' } }], bare: false, window: none },
      { ...scope, name: 'one', form: 'previous', fields: [{ name: 'ts', ref: { fact: 'ts' } }], bare: true, window: none },
      { ...scope, name: 'named', form: 'first', fields: [{ name: 'id', ref: { fact: 'device.id' } }], bare: false, window: none },
      { ...scope, name: 's', form: 'seen', fields: [{ fact: 'a' }, { fact: 'b' }], ttlMs: 7_776_000_000, refresh: true },
      { ...scope, name: 'level', form: 'decay', field: { fact: 'score' }, halfLifeMs: 86_400_000 },
      { ...scope, name: 'season', form: 'seasonal', fn: 'sum', field: { fact: 'amount' }, bucket: 'hourOfWeek', seasons: 4, tz: 'UTC' },
      { form: 'cel', name: 'e', cel: 'n + 1' },
    ]);
    const repetition = { follow: 'followedBy', optional: false, greedy: false, inner: 'relaxed', gapMs: null, withinMs: null, having: null };
    expect(resolved.pattern).toEqual({
      stages: [
        { ...repetition, kind: 'event', as: 'turns', on: ['a', 'b'], where: null, times: { min: 4, max: Infinity }, spanMs: 600_000, until: { on: ['stop'], where: null } },
        { kind: 'absent', as: null, on: ['b'], where: null, forMs: 600_001, from: null, since: null, repeatEveryMs: null, resolveMs: Infinity },
      ],
      withinMs: 86_400_000,
      skip: { to: 'toFirst', stage: 'turns' },
      accept: null,
      pick: 'first',
      onTimeout: 'drop',
      limit: 1,
      edge: 'inclusive',
      emit: 'immediate',
    });
    expect(resolved.fire).toEqual({ kind: 'once', onceMs: 600_000, rearmWhen: null, per: [{ fact: 'e' }] });
    expect([resolved.alert, resolved.emit]).toEqual([null, { signal: 'ring', fields: { a: { fact: 'account' }, b: { value: 'text' }, c: { value: 5 } } }]);
  });

  it('give way to others of the same name and type', () => {
    expect(resolveParams(rule, { wait: '5m' }).fire.onceMs).toBe(300_000);
    expect(resolveParams(rule, { wait: 5_000 }).fire.onceMs).toBe(5_000);
    const refusalOf = (overrides: Record<string, JsonValue>): unknown => {
      try {
        return resolveParams(rule, overrides);
      } catch (error) {
        return error instanceof EngineError ? [error.code, error.details.problem, error.details.pointer] : error;
      }
    };
    expect(refusalOf({ mintTurns: 5 })).toEqual(['rule.invalid', 'rule.param', '/params/mintTurns']);
    expect(refusalOf({ minTurns: '5' })).toEqual(['rule.invalid', 'rule.param', '/params/minTurns']);
    expect(refusalOf({ minTurns: 5.5 })).toEqual(['rule.invalid', 'rule.param', '/pattern/stages/0/times/min']);
    expect(refusalOf({ wait: 'soon' })).toEqual(['rule.invalid', 'rule.param', '/let/w/window/delay']);
  });
});
