import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver, absent, all, allOf, any, cel, every, fact, group, named, never, none, not, oneOf, param, pattern, rule, some, stage, validateRule, type Rule } from '../../src/engine/index.js';
import { OPERATORS } from '../../src/rules/conditions/operators.js';

describe('the rule builder', () => {
  it('yields the JSON of a rule over single events, which runs', () => {
    const velocity = rule('velocity', { severity: 'high', params: { most: 1 } })
      .from('payments')
      .key('card', { cel: 'country' })
      .let('n', { count: true, window: '10m' })
      .let('twice', 'n * 2')
      .when(all(fact('n').gt(param('most')), fact('amount').between(5, 500)), 'payment')
      .fire({ once: '10m' })
      .alert({ type: 'velocity', include: ['twice'] })
      .alert({ message: '{{n}} payments' })
      .build();
    expect(velocity).toEqual({
      id: 'velocity',
      severity: 'high',
      params: { most: 1 },
      from: 'payments',
      key: ['card', { cel: 'country' }],
      let: { n: { count: true, window: '10m' }, twice: 'n * 2' },
      on: 'payment',
      when: { all: [{ fact: 'n', operator: 'greaterThan', value: { fact: 'params.most' } }, { fact: 'amount', operator: 'between', value: [5, 500] }] },
      policy: { fire: { once: '10m' } },
      alert: { type: 'velocity', include: ['twice'], message: '{{n}} payments' },
    });
    const driver = new RuleTestDriver({ rules: [velocity] });
    driver.pushAll([1, 2, 3].map((i) => ({ id: `e${i}`, type: 'payment', ts: i * 1_000, card: 'c', country: 'AT', amount: 50 })));
    expect(driver.alerts.map(({ key, at, message, facts }) => ({ key, at, message, facts }))).toEqual([{ key: ['c', 'AT'], at: 2_000, message: '2 payments', facts: { n: 2, twice: 4 } }]);
  });

  it('yields the JSON of a pattern with every kind of stage', () => {
    const built = rule('all-stages', { params: { wait: '5m' } })
      .from('accounts', 'transfers')
      .key('account')
      .pattern(
        pattern(
          stage('fails', 'login.failed').times({ min: 3 }).inner('strict').greedy().gap('1m').span('10m').until({ on: 'login.ok' }).having({ cel: 'fails.count >= 3' }),
          never({ on: 'stepup' }),
          never({ on: 'block' }).next(),
          stage('payee').on('payee.added', 'payee.changed').followedByAny().within('30m').optional(),
          allOf([stage('a', 'a'), stage('b', 'b').where(fact('x').eq(1))], 1).span('1m'),
          oneOf(stage('c', 'c'), [stage('d', 'd'), stage('e', 'e').next()]).followedBy(),
          group(stage('f', 'f'), stage('g', 'g')).oneOrMore(),
          absent({ on: 'confirmed' }, cel('params.wait')).from('payee').since('fails').resolve('1d').repeatEvery('1h'),
        )
          .within('2h')
          .skip({ toLast: 'payee' })
          .accept(fact('fails.count').gte(3))
          .pick('first')
          .limit(5)
          .edge('exclusive')
          .emit('immediate')
          .signalTimeouts(),
      )
      .emit('suspicious', { account: 'account' })
      .build();
    expect(built).toEqual({
      id: 'all-stages',
      params: { wait: '5m' },
      from: ['accounts', 'transfers'],
      key: 'account',
      pattern: {
        stages: [
          { as: 'fails', on: 'login.failed', times: { min: 3 }, inner: 'strict', greedy: true, gap: '1m', span: '10m', until: { on: 'login.ok' }, having: { cel: 'fails.count >= 3' } },
          { not: { on: 'stepup' } },
          { not: { on: 'block' }, next: true },
          { as: 'payee', on: ['payee.added', 'payee.changed'], follow: 'followedByAny', within: '30m', optional: true },
          { allOf: [{ as: 'a', on: 'a' }, { as: 'b', on: 'b', where: { fact: 'x', operator: 'equal', value: 1 } }], atLeast: 1, span: '1m' },
          { oneOf: [{ as: 'c', on: 'c' }, [{ as: 'd', on: 'd' }, { as: 'e', on: 'e', follow: 'next' }]], follow: 'followedBy' },
          { group: [{ as: 'f', on: 'f' }, { as: 'g', on: 'g' }], times: 'oneOrMore' },
          { absent: { on: 'confirmed' }, for: { cel: 'params.wait' }, from: 'payee', since: 'fails', resolve: '1d', repeatEvery: '1h' },
        ],
        within: '2h',
        skip: { toLast: 'payee' },
        accept: { fact: 'fails.count', operator: 'greaterThanInclusive', value: 3 },
        pick: 'first',
        limit: 5,
        edge: 'exclusive',
        emit: 'immediate',
        onTimeout: 'signal',
      },
      emit: { signal: 'suspicious', fields: { account: 'account' } },
    });
  });

  it('has a method for every operator', () => {
    const x = fact('x');
    const leaves = [
      x.eq('a'), x.ne(1), x.gt(1), x.gte(1), x.lt(cel('y + 1')), x.lte(fact('y')), x.between(1, 2), x.in(['a', 'b']), x.notIn([1]), x.contains('a'), x.doesNotContain('a'),
      x.startsWith('a'), x.endsWith('a'), x.equalsIgnoreCase('A'), x.matches('^a+$'), x.before('2026-01-01T00:00:00Z'), x.after(0), x.inList('vpn'), x.notInList('vpn'),
      x.cidr(['10.0.0.0/8']), x.exists(), x.missing(), x.changedFrom(fact('y')),
    ];
    expect(leaves.map(({ operator }) => operator).sort()).toEqual(Object.keys(OPERATORS).sort());
    const built = rule('operators', { conditions: { first: leaves[0]! } }).from('s').key('k').when(any(all(...leaves), not(named('first')), some('items', fact('item.x').eq(1)), every('items', fact('i.x').eq(1), 'i'), none('items', cel('item.x > 1')))).build();
    expect(validateRule(built).problems).toEqual([]);
  });

  it('refuses to build what is no rule, with the place', () => {
    const unbounded = rule('open').from('s').key('k').pattern(pattern(stage('a', 'a'), stage('b', 'b')));
    expect(() => unbounded.build()).toThrow(expect.objectContaining({ code: 'rule.invalid', details: expect.objectContaining({ problem: 'pattern.unbounded', pointer: '/pattern/stages/1' }) }));
  });

  it('shares no state between builders', () => {
    const base = rule('base').from('s').key('k').let('n', { count: true, window: '1m' });
    base.let('m', 'n + 1');
    const a = stage('a', 'a');
    a.optional();
    expect([base.when(fact('n').gt(1)).build(), a.toStage()]).toEqual([{ id: 'base', from: 's', key: 'k', let: { n: { count: true, window: '1m' } }, when: { fact: 'n', operator: 'greaterThan', value: 1 } }, { as: 'a', on: 'a' }]);
  });

  it('goes to the test driver as it is, and so does a rule that is typed by hand', () => {
    const most: Rule = { id: 'most', from: 'payments', key: 'card', on: 'payment', let: { n: { count: true, window: '1m' } }, params: { most: 1 }, when: { fact: 'n', operator: 'greaterThan', value: { fact: 'params.most' } } };
    const built = rule('built').from('payments').key('card').when(fact('amount').gt(5), 'payment').build();
    const driver = new RuleTestDriver({ rules: [most, built, { document: { ...most, id: 'fewer' }, params: { most: 0 } }, { document: { ...built, id: 'shadow' }, status: 'shadow' }] });
    driver.push({ id: 'e1', type: 'payment', ts: 1_000, card: 'c', amount: 9 });
    driver.change({ document: { ...most, when: { fact: 'n', operator: 'greaterThan', value: 0 } }, version: 2, status: 'active' });
    driver.push({ id: 'e2', type: 'payment', ts: 2_000, card: 'c', amount: 1 });
    expect(driver.alerts.map(({ rule: id, version, at }) => [id, version, at]).sort()).toEqual([['built', 1, 1_000], ['fewer', 1, 1_000], ['fewer', 1, 2_000], ['most', 2, 2_000], ['shadow', 1, 1_000]]);
  });

  it('leaves no way to a rule without source, key or condition', () => {
    const begun = rule('x');
    // @ts-expect-error a source comes first
    expect(() => begun.key('k')).toThrow();
    // @ts-expect-error then a key
    expect(() => begun.from('s').when(fact('x').eq(1))).toThrow();
    // @ts-expect-error there is no rule yet
    expect(() => begun.from('s').key('k').build()).toThrow();
    // @ts-expect-error one of the two
    expect(() => begun.from('s').key('k').when(fact('x').eq(1)).pattern(pattern(stage('a', 'a')))).toThrow();
  });
});
