import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver } from '../../src/engine/index.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { importEql } from '../../src/rules/import/import-eql.js';
import { importFlink } from '../../src/rules/import/import-flink.js';
import { importSigma } from '../../src/rules/import/import-sigma.js';

/** Alerts as the ids of their events. */
function alertsOf(rules: readonly JsonValue[], events: readonly Record<string, JsonValue>[]): (string | null)[][] {
  const driver = new RuleTestDriver({ rules: [...rules] });
  const [source] = driver.sources as [string];
  for (const [i, event] of events.entries()) driver.push({ id: `e${i + 1}`, type: 'event', ...event, ts: (i + 1) * 1_000 }, source);
  driver.finish();
  return driver.alerts.map(({ evidence }) => evidence.map(({ id }) => id));
}

const leaf = (fact: string, operator: string, value?: JsonValue): JsonValue => ({ fact, operator, ...(value === undefined ? {} : { value }) });

describe('importEql', () => {
  it('imports a sequence, which then runs', () => {
    const { rules, notes } = importEql(
      `sequence by host.name with maxspan=15m
         [ authentication where event.outcome == "failure" ] with runs=2
         [ process where process.name : ("cmd.exe", "power*.exe") and not user.name in ("root", "admin") ]
       until [ host where true ]`,
      { id: 'logon-then-shell', from: 'endpoint' },
    );
    const expiry = { not: { on: 'host' } };
    expect(rules).toEqual([
      {
        id: 'logon-then-shell',
        from: 'endpoint',
        key: 'host.name',
        pattern: {
          stages: [
            { as: 'event1', on: 'authentication', where: leaf('$.event.outcome', 'equal', 'failure'), times: 2 },
            expiry,
            { as: 'event2', on: 'process', where: { all: [{ any: [leaf('process.name', 'equalsIgnoreCase', 'cmd.exe'), leaf('process.name', 'matches', '(?is)^power.*\\.exe$')] }, leaf('user.name', 'notIn', ['root', 'admin'])] } },
          ],
          within: '15m',
        },
      },
    ]);
    expect(notes.map(({ at, message }) => [at, message.split(':')[0]])).toEqual([['sequence', 'differs']]);
    const event = (type: string, more: Record<string, JsonValue>): Record<string, JsonValue> => ({ type, host: { name: 'h' }, ...more });
    const failure = event('authentication', { event: { outcome: 'failure' } });
    const shell = event('process', { process: { name: 'PowerShell.exe' }, user: { name: 'kim' } });
    expect(alertsOf(rules, [failure, failure, event('process', { process: { name: 'cmd.exe' }, user: { name: 'root' } }), shell, failure, failure, event('host', {}), shell])).toEqual([['e1', 'e2', 'e4']]);
  });

  it('imports missing events, samples and single events', () => {
    expect(importEql('sequence by user with maxspan=5s [ a where true ] ![ b where true ] [ c where x != null ] ![ d where y >= 2 ]').rules[0]?.['pattern']).toEqual({
      stages: [{ as: 'event1', on: 'a' }, { not: { on: 'b' } }, { as: 'event2', on: 'c', where: leaf('x', 'exists') }, { absent: { on: 'd', where: leaf('y', 'greaterThanInclusive', 2) }, for: '5s' }],
      within: '5s',
    });
    expect(importEql('sample by host [ a where true ] [ any where z == "1" ]').rules[0]?.['pattern']).toEqual({ stages: [{ allOf: [{ as: 'event1', on: 'a' }, { as: 'event2', where: leaf('z', 'equal', '1') }], span: '1d' }], within: '1d' });
    expect(importEql('file where endsWith~(file.path, ".exe") or length(file.name) > 3 + n and ?b == null | head 5', { id: 'single' })).toEqual({
      rules: [{ id: 'single', from: 'events', key: { cel: '"all"' }, on: 'file', when: { any: [leaf('file.path', 'matches', '(?is)\\.exe$'), { all: [{ cel: 'size(fact("file.name")) > (3 + fact("n"))' }, leaf('b', 'missing')] }] } }],
      notes: [{ rule: 'single', at: '|', message: expect.stringContaining('left out: pipes') }],
    });
  });

  it('says what it could not import, and makes nothing that fires for it', () => {
    expect(importEql('process where concat(a, b) == "x"').rules[0]?.['when']).toEqual({ not: { all: [] } });
    expect(importEql('process where concat(a, b) == "x"').notes).toEqual([{ rule: 'eql', at: 'where', message: 'never true, to be written anew: found a function that has no like here' }]);
    expect(importEql('sequence [ a where ]')).toEqual({ rules: [], notes: [{ rule: 'eql', at: 'line 1, column 20', message: expect.stringContaining('left out: found "]"') }] });
    expect(importEql('sequence by x [ a where true ] by y [ b where true ] by z').notes.map(({ at }) => at)).toEqual(['by', 'maxspan', 'sequence']);
    for (const text of ['', '(', '"', 'a where '.repeat(50), `a where ${'('.repeat(60)}`, '§']) expect(importEql(text).rules).toEqual([]);
  });
});

const failed = { title: 'Failed logon', id: '1', name: 'failed', logsource: { product: 'windows', service: 'security' }, detection: { selection: { EventID: 4625 }, filter: { 'User|startswith': ['svc_', 'sys_'] }, condition: 'selection and not filter' } };
const success = { title: 'Logon', name: 'success', logsource: { product: 'windows', service: 'security' }, detection: { selection: [{ EventID: 4624 }, { 'Action|contains|all': ['log', 'on'] }], condition: '1 of selection*' } };
const correlation = (name: string, members: Record<string, JsonValue>) => ({ title: name, name, level: 'high', correlation: members });

describe('importSigma', () => {
  const failedCondition = { all: [{ any: [leaf('EventID', 'equal', 4625), leaf('EventID', 'equal', '4625')] }, { not: { any: [leaf('User', 'matches', '(?is)^svc_'), leaf('User', 'matches', '(?is)^sys_')] } }] };
  const successCondition = { any: [{ any: [leaf('EventID', 'equal', 4624), leaf('EventID', 'equal', '4624')] }, { all: [leaf('Action', 'matches', '(?is)log'), leaf('Action', 'matches', '(?is)on')] }] };

  it('imports counts, which then run', () => {
    const { rules, notes } = importSigma([failed, correlation('many-failed', { type: 'event_count', rules: ['failed'], 'group-by': ['Host'], timespan: '10m', condition: { gte: 3 } })]);
    expect([rules, notes]).toEqual([
      [
        {
          id: 'many-failed',
          name: 'many-failed',
          severity: 'high',
          from: 'windows-security',
          key: 'Host',
          let: { inWindow: { count: true, window: '10m', of: failedCondition } },
          when: { all: [failedCondition, leaf('inWindow', 'greaterThanInclusive', 3)] },
          policy: { fire: { once: '10m' } },
        },
      ],
      [],
    ]);
    const event = { EventID: '4625', Host: 'h', User: 'kim' };
    expect(alertsOf(rules, [event, { ...event, User: 'SVC_x' }, event, event, event])).toEqual([['e4']]);
  });

  it('imports distinct values, percentiles and sums', () => {
    const of = (type: string, condition: Record<string, JsonValue>) => (importSigma([failed, correlation('c', { type, rules: ['1'], 'group-by': ['Host'], timespan: '1d', condition })]).rules[0]?.['let'] as { inWindow: Record<string, JsonValue> }).inWindow;
    expect([of('value_count', { field: 'User', gt: 5 }), of('value_sum', { field: 'Bytes', gt: 5 }), of('value_percentile', { field: 'Bytes', percentile: 90, gt: 5 }), of('value_median', { field: 'Bytes', gt: 5 })]).toEqual([
      { distinct: 'User', window: '1d', of: failedCondition },
      { sum: 'Bytes', window: '1d', of: failedCondition },
      { percentile: 'Bytes', p: 90, window: '1d', of: failedCondition },
      { percentile: 'Bytes', p: 50, window: '1d', of: failedCondition },
    ]);
  });

  it('imports temporal correlations, ordered ones and ones of others', () => {
    const pattern = (members: Record<string, JsonValue>) => importSigma([failed, success, correlation('c', { rules: ['failed', 'success'], 'group-by': ['Host', 'User'], timespan: '5m', ...members })]).rules[0];
    const stages = [{ as: 'failed', where: failedCondition }, { as: 'success', where: successCondition }];
    expect(pattern({ type: 'temporal' })).toMatchObject({ key: ['Host', 'User'], pattern: { stages: [{ allOf: stages, atLeast: 2, span: '5m' }], within: '5m' } });
    expect(pattern({ type: 'temporal', condition: { gte: 1 } })).toMatchObject({ pattern: { stages: [{ atLeast: 1 }] } });
    expect(pattern({ type: 'temporal_ordered' })?.['pattern']).toEqual({ stages, within: '5m' });
    const chained = importSigma([failed, success, correlation('many', { type: 'event_count', rules: ['failed'], 'group-by': ['User'], timespan: '1m', condition: { gte: 2 } }), correlation('then-in', { type: 'temporal_ordered', rules: ['many', 'success'], 'group-by': ['User'], timespan: '1h' })]);
    expect(chained.notes).toEqual([]);
    expect(chained.rules).toMatchObject([
      { id: 'many', emit: { signal: 'many', fields: { User: 'User' } } },
      { id: 'then-in', from: ['signals', 'windows-security'], key: 'User', pattern: { stages: [{ as: 'many', on: 'many' }, { as: 'success', where: successCondition }], within: '1h' } },
    ]);
  });

  it('takes over aliases that stand for one field, and says what it leaves out', () => {
    const aliased = (aliases: JsonValue) => importSigma([failed, success, correlation('c', { type: 'temporal', rules: ['failed', 'success'], 'group-by': ['who'], timespan: '5m', aliases })]);
    expect(aliased({ who: { failed: 'User', success: 'User' } }).rules[0]?.['key']).toBe('User');
    expect(aliased({ who: { failed: 'User', success: 'Account' } })).toEqual({ rules: [], notes: [{ rule: 'c', at: '/correlation/aliases/who', message: expect.stringContaining('left out: the alias stands for User and Account') }] });
    expect(importSigma([{ title: 'Odd', detection: { keywords: ['a', 'b'], sel: { 'x|base64': 'y' }, condition: 'keywords or sel or 2 of them' } }, 7, { title: 'None' }])).toEqual({
      rules: [{ id: 'Odd', name: 'Odd', from: 'events', key: { cel: '"all"' }, when: { any: [{ not: { all: [] } }, { not: { all: [] } }, { not: { all: [] } }] } }],
      notes: [
        { rule: '', at: '', message: 'left out: found a document that is not a Sigma rule' },
        { rule: 'Odd', at: 'Odd/detection/keywords', message: expect.stringContaining('never true') },
        { rule: 'Odd', at: 'Odd/detection/sel/x|base64', message: expect.stringContaining('"base64"') },
        { rule: 'Odd', at: 'Odd/detection/condition', message: expect.stringContaining('"2 of"') },
        { rule: 'None', at: '', message: 'left out: found neither "detection" nor "correlation"' },
      ],
    });
  });

  it('reads every modifier of fields', () => {
    const when = (name: string, value: JsonValue) => importSigma([{ title: 't', detection: { s: { [name]: value }, condition: 's' } }]).rules[0]?.['when'];
    expect([when('a', 'x'), when('a', 'x*'), when('a|cased', 'x*'), when('a|re|i', 'x.y'), when('a|cidr', '10.0.0.0/8'), when('a|exists', false), when('a|gte', 3), when('a|neq', 'x'), when('a|fieldref', 'b'), when('a', null), when('a|contains', 5), when('a', 'C:\\\\x\\*')]).toEqual([
      leaf('a', 'equalsIgnoreCase', 'x'), leaf('a', 'matches', '(?is)^x'), leaf('a', 'startsWith', 'x'), leaf('a', 'matches', '(?i)x.y'), leaf('a', 'cidr', '10.0.0.0/8'), leaf('a', 'missing'), leaf('a', 'greaterThanInclusive', 3),
      { not: leaf('a', 'equalsIgnoreCase', 'x') }, leaf('a', 'equal', { fact: 'b' }), leaf('a', 'missing'), leaf('a', 'matches', '(?is)5'), leaf('a', 'equalsIgnoreCase', 'C:\\x*'),
    ]);
  });
});

describe('importFlink', () => {
  const node = (name: string, expression: string, quantifier: Record<string, JsonValue> = { consumingStrategy: 'SKIP_TILL_NEXT', properties: ['SINGLE'], times: null }) => ({ name, type: 'ATOMIC', quantifier, condition: { type: 'AVIATOR', expression } });
  const edge = (source: string, target: string, type: string) => ({ source, target, type });

  it('imports a pattern, which then runs', () => {
    const graph = {
      name: 'clicks then buys',
      type: 'COMPOSITE',
      version: 1,
      quantifier: { consumingStrategy: 'SKIP_TILL_NEXT', properties: ['SINGLE'], times: null },
      condition: null,
      nodes: [
        node('end', "action == 'buy' && amount > 10"),
        node('start', "action == 'click'", { consumingStrategy: 'STRICT', properties: ['TIMES'], times: { from: 2, to: 3, windowTime: { unit: 'MINUTES', size: 1 } } }),
        node('none', "action == 'leave'"),
      ],
      edges: [edge('start', 'none', 'NOT_FOLLOW'), edge('none', 'end', 'SKIP_TILL_ANY')],
      window: { type: 'FIRST_AND_LAST', time: { unit: 'MINUTES', size: 10 } },
      afterMatchStrategy: { type: 'SKIP_PAST_LAST_EVENT', patternName: null },
    };
    const { rules, notes } = importFlink(graph, { from: 'web', key: ['user'] });
    expect(notes).toEqual([]);
    expect(rules).toEqual([
      {
        id: 'clicks-then-buys',
        from: 'web',
        key: 'user',
        pattern: {
          stages: [
            { as: 'start', where: { cel: "action == 'click'" }, times: { min: 2, max: 3 }, inner: 'strict', gap: '1m' },
            { not: { where: { cel: "action == 'leave'" } } },
            { as: 'end', where: { cel: "action == 'buy' && amount > 10" }, follow: 'followedByAny' },
          ],
          within: '10m',
          edge: 'exclusive',
        },
      },
    ]);
    const events = ['click', 'click', 'look', 'buy', 'click', 'click', 'leave', 'buy'].map((action) => ({ action, amount: 20, user: 'u' }));
    expect(alertsOf(rules, events)).toEqual([['e1', 'e2', 'e4']]);
  });

  it('imports loops, groups, windows between neighbours and strategies', () => {
    const loop = { consumingStrategy: 'SKIP_TILL_ANY', properties: ['LOOPING', 'GREEDY', 'OPTIONAL'], times: { from: 2, to: 2, windowTime: null }, untilCondition: { type: 'GROOVY', expression: 'x > 5' } };
    const inner = { name: 'inner', type: 'COMPOSITE', quantifier: { consumingStrategy: 'STRICT', properties: ['TIMES'], times: { from: 2, to: 2 } }, nodes: [node('b', 'x == 2'), node('c', 'x == 3')], edges: [edge('b', 'c', 'STRICT')] };
    const graph = { name: 'g', nodes: [node('a', 'x == nil'), inner, node('d', 'x == 4', loop)], edges: [edge('a', 'inner', 'STRICT'), edge('inner', 'd', 'SKIP_TILL_NEXT')], window: { type: 'PREVIOUS_AND_CURRENT', time: { unit: 'SECONDS', size: 5 } }, afterMatchStrategy: { type: 'SKIP_TO_LAST', patternName: 'a' } };
    const between = importFlink([graph], { key: ['k', 'l'] });
    expect(between.notes).toEqual([]);
    expect(between.rules).toMatchObject([{ pattern: { stages: [{ as: 'a' }, { times: 2, within: '5s' }, { as: 'd', within: '5s' }] } }]);
    expect(between.rules[0]?.['pattern']).not.toHaveProperty('within');
    const bounded = importFlink([{ ...graph, window: { type: 'FIRST_AND_LAST', time: { unit: 'SECONDS', size: 5 } } }], { key: ['k', 'l'] });
    expect(bounded.rules).toEqual([
      {
        id: 'g',
        from: 'events',
        key: ['k', 'l'],
        pattern: {
          stages: [
            { as: 'a', where: { cel: 'x == null' } },
            { group: [{ as: 'b', where: { cel: 'x == 2' } }, { as: 'c', where: { cel: 'x == 3' }, follow: 'next' }], times: 2, inner: 'strict', follow: 'next' },
            { as: 'd', where: { cel: 'x == 4' }, times: { min: 2 }, inner: 'relaxedAny', greedy: true, optional: true, until: { cel: 'x > 5' }, follow: 'followedBy' },
          ],
          within: '5s',
          skip: { toLast: 'a' },
          limit: 1_000,
          edge: 'exclusive',
        },
      },
    ]);
  });

  it('says what it could not import', () => {
    const graph = { name: 'g', nodes: [{ name: 'a', condition: { type: 'CLASS', className: 'com.example.Start' } }, node('b', 'string.contains(name, "x")')], edges: [edge('a', 'b', 'NOT_FOLLOW')], window: { type: 'FIRST_AND_LAST', time: { unit: 'HOURS', size: 1 } }, afterMatchStrategy: { type: 'NO_SKIP' } };
    expect(importFlink(graph)).toEqual({
      rules: [{ id: 'g', from: 'events', key: { cel: '"all"' }, pattern: { stages: [{ as: 'a', where: { not: { all: [] } } }, { absent: { where: { not: { all: [] } } }, for: '1h' }], within: '1h', skip: 'none', limit: 1_000, edge: 'exclusive' } }],
      notes: [
        { rule: 'g', at: '', message: expect.stringContaining('the format has no key') },
        { rule: 'g', at: '/nodes/a/condition', message: expect.stringContaining('never true, to be written anew: found a condition of type CLASS ("com.example.Start")') },
        { rule: 'g', at: '/nodes/b/condition', message: expect.stringContaining('never true, to be written anew: the AVIATOR expression') },
        { rule: 'g', at: '/nodes/b', message: expect.stringContaining('an absence at the end') },
      ],
    });
    expect(importFlink([7, { nodes: 1 }]).rules).toEqual([]);
  });
});
