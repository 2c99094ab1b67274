import { describe, expect, it } from '@jest/globals';
import { FIRED_PER_MAX } from '../../src/rules/bounds/rule-bounds.js';
import { judgeRule, type JudgeOptions } from '../../src/rules/judge-rule.js';
import { sourceFacts } from '../../src/rules/source-facts.js';
import { sourceSchema } from '../../src/rules/source-schema.js';
import { engineLimits } from '../../src/engine/limits.js';

const base = { id: 'r', from: 'payments', key: 'card' };
const counting = { ...base, on: 'payment', let: { n: { count: true, window: '10m' } }, when: { all: [{ fact: 'n', operator: 'greaterThan', value: 2 }, { fact: 'country', operator: 'equal', value: 'AT' }] } };
const sequence = (stage: object) => ({ ...base, pattern: { stages: [{ as: 'a', on: 'x' }, stage], within: '1h' } });

const judge = (rule: object, options?: JudgeOptions) => judgeRule(rule, options);
const warnings = (rule: object, options?: JudgeOptions) => judge(rule, options).warnings.map(({ code, pointer }) => `${code} ${pointer}`);
const problems = (rule: object) => judge(rule).problems.map(({ code, pointer }) => `${code} ${pointer}`);

describe('the bounds of a rule', () => {
  it('tell the state of a key by parts, as numbers and in words', () => {
    expect(judge({ ...counting, policy: { fire: { once: '1h' } } }).bounds?.state).toEqual({
      records: 1_001,
      bytes: 12_280,
      formula: 'n: 1000 entries + firing: 1 mark',
      retentionMs: 3_600_000,
      parts: [
        { name: 'n', form: 'count', records: 1_000, bytes: 12_120, formula: '1000 entries', retentionMs: 600_000 },
        { name: 'firing', form: 'once', records: 1, bytes: 160, formula: '1 mark', retentionMs: 3_600_000 },
      ],
    });
  });

  it('follow the limits that the rule sets', () => {
    const grouped = { ...counting, let: { n: { count: true, window: '10m', by: 'device' } }, limits: { windowEntries: 10, groups: 5 } };
    expect(judge(grouped).bounds?.state).toMatchObject({ records: 50, formula: 'n: 5 groups × 10 entries' });
    const twice = { ...sequence({ as: 'b', on: 'y', times: 3 }), limits: { partialMatches: 7 } };
    expect(judge(twice).bounds?.state).toMatchObject({ records: 28, formula: 'pattern: 7 partial matches × 4 events', retentionMs: 3_600_000 });
  });

  it('have no number where only time ends a loop', () => {
    expect(judge(sequence({ as: 'b', on: 'y', times: 'oneOrMore' })).bounds?.state).toMatchObject({ records: null, bytes: null, formula: 'pattern: 100 partial matches × as many events as fit in 1h' });
  });

  it('add the waiting of absences to the time of a pattern', () => {
    const silence = { ...base, pattern: { stages: [{ as: 'a', on: 'x' }, { absent: { on: 'y' }, for: '2h', resolve: '1d' }], within: '1h' } };
    expect(judge(silence).bounds?.state.retentionMs).toBe((1 + 2 + 24) * 3_600_000);
  });

  it('say by which values events find the rule, and what one costs', () => {
    const onlyWhen = { ...base, on: ['payment'], when: { all: [{ fact: 'country', operator: 'equal', value: 'AT' }, { fact: 'amount', operator: 'greaterThan', value: 5 }] } };
    expect(judge(onlyWhen).bounds).toMatchObject({
      cost: { class: 'low', steps: 2, formula: 'when 2' },
      index: { types: ['payment'], equals: [{ field: 'country', values: ['AT'] }], ranges: [{ field: 'amount', atLeast: 5, atMost: null }] },
    });
    const scanning = { ...base, when: { cel: 'items.exists(x, items.exists(y, x == y))' } };
    expect(judge(scanning).bounds?.cost.class).toBe('high');
  });

  it('count the remembered values of "per" as the engine does', () => expect(FIRED_PER_MAX).toBe(engineLimits.firedPerMax));
});

describe('what publication warns of', () => {
  it('state that is never forgotten', () => {
    expect(warnings({ ...base, let: { first: { first: ['ts'] } }, when: { cel: 'first.ts < ts' }, policy: { fire: { once: 'forever' } } })).toEqual(['state.for-ever /let/first', 'state.for-ever /policy/fire']);
  });

  it('loops that only time ends, not those that end by themselves', () => {
    expect(warnings(sequence({ as: 'b', on: 'y', times: 'oneOrMore' }))).toEqual(['state.loop-length /pattern/stages/1']);
    expect(warnings(sequence({ group: [{ as: 'b', on: 'y' }, { as: 'c', on: 'z', times: { min: 2 } }] }))).toEqual(['state.loop-length /pattern/stages/1/group/1']);
    expect(warnings(sequence({ as: 'b', on: 'y', times: { min: 1, max: 5 } }))).toEqual([]);
    expect(warnings(sequence({ as: 'b', on: 'y', times: 'oneOrMore', having: { cel: 'b.count >= 3' } }))).toEqual([]);
  });

  it('a greedy loop that leaves nothing to the next stage', () => {
    const rule = { ...base, pattern: { stages: [{ as: 'a', times: 'oneOrMore', greedy: true }, { as: 'b', on: 'y' }], within: '1h' } };
    expect(warnings(rule)).toEqual(['pattern.greedy-takes-next /pattern/stages/0', 'state.loop-length /pattern/stages/0']);
  });

  it('windows longer than a source keeps its events', () => {
    expect(warnings(counting, { sources: { retentionMs: 60_000 } })).toEqual(['state.longer-than-source /let/n']);
    expect(warnings(counting, { sources: { retentionMs: 600_000 } })).toEqual([]);
  });

  it('types that no source has', () => {
    const source = (types: object) => sourceSchema.parse({ topic: 't', eventTime: { field: 'ts' }, type: { field: 'type' }, schema: { type: 'object', properties: { type: types, ts: {}, card: {}, country: {} } } });
    const known = sourceFacts([source({ type: 'string', enum: ['payment'] }), sourceSchema.parse({ topic: 'u', eventTime: { field: 'ts' }, type: { value: 'login' } })]);
    expect(warnings(counting, { sources: known })).toEqual([]);
    expect(warnings({ ...counting, on: ['payment', 'paiment'] }, { sources: known })).toEqual(['event.type-unseen /on']);
    expect(warnings(sequence({ as: 'b', on: 'login' }), { sources: known })).toEqual(['event.type-unseen /pattern/stages/0/on']);
    expect(sourceFacts([source({ type: 'string' })])).toEqual({});
  });

  it('a warm-up from signals, which have no history', () => {
    expect(warnings({ ...counting, onChange: 'warmup' })).toEqual([]);
    expect(warnings({ ...counting, from: 'signals', onChange: 'warmup' })).toEqual(['rule.on-change /onChange']);
    expect(warnings({ ...counting, from: ['signals', 'payments'], onChange: 'warmup' })).toEqual(['rule.on-change /onChange']);
  });
});

describe('what publication refuses', () => {
  it('what the matcher cannot run, with its place', () => {
    expect(problems({ ...base, pattern: { stages: [{ group: [{ as: 'a', on: 'x', times: 1000 }, { as: 'b', on: 'y', times: 1000 }], times: 1000 }], within: '1h' } })).toEqual(['pattern.too-large /pattern']);
    expect(problems({ ...base, pattern: { stages: [{ as: 'a', on: 'x' }, { group: [{ as: 'b', on: 'y' }, { not: { on: 'z' } }] }, { as: 'c', on: 'x' }], within: '1h' } })).toEqual(['pattern.not-at-end /pattern/stages/1/group/1']);
  });

  it('windows that mean nothing', () => {
    expect(problems({ ...counting, let: { n: { count: true, window: { session: '10m' }, at: 'opened' } } })).toEqual(['let.window /let/n/window']);
  });
});
