import { describe, expect, it } from '@jest/globals';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import { toSql } from '../../src/rules/sql/to-sql.js';

const takeover = {
  id: 'account-takeover',
  severity: 'high',
  params: { minAmount: 100_000 },
  from: ['accounts', 'transfers'],
  key: ['accountId'],
  pattern: {
    stages: [
      { as: 'changed', on: 'password.changed' },
      { as: 'payee', on: ['payee.added', 'payee.edited'], follow: 'followedByAny' },
      { not: { on: 'stepup.passed' } },
      { as: 'sent', on: 'transfer.sent', where: { all: [{ fact: 'amountMinor', operator: 'greaterThanInclusive', value: { fact: 'params.minAmount' } }, { fact: 'payeeId', operator: 'equal', value: { fact: 'payee.payeeId' } }] } },
    ],
    within: '1h',
  },
  alert: { type: 'account-takeover', include: ['sent.amountMinor'], facts: { wait: { cel: 'sent.ts - changed.ts' } } },
};

/** A rule over one source with these stages. */
const ruleOf = (stages: unknown[], pattern = {}, members = {}) => ({ id: 'r', from: 's', key: 'k', pattern: { stages, within: '10m', ...pattern }, ...members });
const a = { as: 'a', on: 'a' };
const b = { as: 'b', on: 'b', follow: 'next' };

describe('toSql', () => {
  it('writes a rule so that the text stands for it again', () => {
    const text = toSql(takeover);
    expect(text).toBe(`SELECT *
FROM (SELECT * FROM accounts UNION ALL SELECT * FROM transfers)
MATCH_RECOGNIZE (
  PARTITION BY accountId
  ORDER BY ts
  MEASURES
    sent.amountMinor AS \`sent.amountMinor\`,
    (sent.ts - changed.ts) AS wait
  ONE ROW PER MATCH
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (changed {- between1* -} payee {- between2*? -} sent) WITHIN INTERVAL '01:00:00.001' HOUR TO SECOND
  DEFINE
    changed AS type = 'password.changed',
    payee AS type IN ('payee.added', 'payee.edited'),
    between2 AS (type = 'stepup.passed') IS NOT TRUE,
    sent AS type = 'transfer.sent' AND amountMinor >= 100000 AND payeeId = payee.payeeId
)`);
    expect(compileSql(text as string, { id: 'account-takeover' })).toMatchObject({
      problems: [],
      rule: {
        from: ['accounts', 'transfers'],
        key: 'accountId',
        pattern: {
          stages: [
            { as: 'changed', on: 'password.changed' },
            { as: 'payee', on: ['payee.added', 'payee.edited'], follow: 'followedByAny' },
            { not: { on: 'stepup.passed' } },
            { as: 'sent', on: 'transfer.sent', follow: 'followedBy', where: { all: [{ fact: 'amountMinor', operator: 'greaterThanInclusive', value: 100_000 }, { fact: 'payeeId', operator: 'equal', value: { fact: 'payee.payeeId' } }] } },
          ],
          within: '1h1ms',
          edge: 'exclusive',
        },
        alert: { include: ['sent.amountMinor'], facts: { wait: { cel: '(sent.ts - changed.ts)' } } },
      },
    });
  });

  it('writes what Flink runs with its words alone', () => {
    expect(toSql(takeover, 'flink')).toContain(`PATTERN (changed between1*? payee between2*? sent) WITHIN INTERVAL '01:00:00.001' HOUR TO SECOND
  DEFINE
    changed AS type = 'password.changed',
    payee AS type IN ('payee.added', 'payee.edited'),
    between2 AS (type = 'stepup.passed') IS NOT TRUE AND (type = 'transfer.sent' AND amountMinor >= 100000 AND payeeId = payee.payeeId) IS NOT TRUE,
    sent AS type = 'transfer.sent' AND`);
  });

  it.each([
    ['a loop', ruleOf([a, { ...b, times: { min: 2, max: 4 }, inner: 'strict' }], { edge: 'exclusive' })],
    ['an alternation', ruleOf([a, { oneOf: [{ as: 'c', on: 'c' }, [{ as: 'd', on: 'd' }, { as: 'e', on: 'e', follow: 'next' }]], follow: 'next' }, b], { edge: 'exclusive' })],
    ['a group', ruleOf([a, { group: [{ as: 'c', on: 'c' }, { as: 'd', on: 'd', follow: 'followedBy' }], follow: 'followedBy', times: 2, inner: 'strict' }, b], { edge: 'exclusive' })],
    ['any order', ruleOf([a, { allOf: [{ as: 'c', on: 'c' }, { as: 'd', on: 'd' }], follow: 'followedBy' }], { edge: 'exclusive' })],
    ['an absence', ruleOf([a, { absent: { on: 'c' }, for: '5m' }, b])],
    ['texts', ruleOf([{ ...a, where: { all: [{ fact: 'name', operator: 'startsWith', value: '10%' }, { fact: 'x', operator: 'notIn', value: ["it's", 'b'] }, { fact: 'y', operator: 'missing' }, { not: { fact: 'z', operator: 'equal', value: 1 } }] } }], { edge: 'exclusive' })],
  ])('gives back the same rule for %s', (_what, rule) => {
    expect(compileSql(toSql(rule) as string, { id: 'r' })).toEqual({ rule, problems: [], warnings: [], placeOf: expect.any(Function) });
  });

  it.each([
    ['no pattern', { id: 'r', from: 's', key: 'k', when: { fact: 'x', operator: 'equal', value: 1 } }],
    ['state', ruleOf([a], {}, { let: { n: { count: true, window: '1m' } } })],
    ['a policy', ruleOf([a], {}, { policy: { fire: { once: '1m' } } })],
    ['a loop with events between', ruleOf([{ ...a, times: 3 }])],
    ['a limit of a stage', ruleOf([a, { ...b, within: '1m' }])],
    ['the very next event forbidden', ruleOf([a, { not: { on: 'c' }, next: true }, b])],
    ['a regular expression', ruleOf([{ ...a, where: { fact: 'x', operator: 'matches', value: '^a+$' } }])],
    ['a list', ruleOf([{ ...a, where: { some: 'items', where: { fact: 'item', operator: 'equal', value: 1 } } }])],
    ['no skipping', ruleOf([a, b], { skip: 'none' })],
    ['nothing at all', 7],
  ])('has none for %s', (_what, rule) => expect(toSql(rule)).toBeNull());

  it.each([
    ['an absence', ruleOf([a, { absent: { on: 'c' }, for: '5m' }])],
    ['an alternation', ruleOf([a, { oneOf: [{ as: 'c', on: 'c' }, { as: 'd', on: 'd' }] }])],
    ['a count of different values', ruleOf([a, b], {}, { alert: { facts: { n: { fact: 'b.distinct.x' } } } })],
    ['what may be left out behind a greedy loop', ruleOf([{ ...a, times: 'oneOrMore', inner: 'strict', greedy: true }, { ...b, optional: true }, { as: 'c', on: 'c', follow: 'next' }])],
    ['skipping to the first event of a match', ruleOf([a, b], { skip: { toFirst: 'a' }, limit: 1_000 })],
    ['skipping to what may be left out', ruleOf([a, { ...b, optional: true }, { as: 'c', on: 'c', follow: 'next' }], { skip: { toLast: 'b' }, limit: 1_000 })],
    ['a time as a number', ruleOf([a, b], {}, { alert: { facts: { hour: { cel: 'ts / 3600000' } } } })],
  ])('has none with the words of Flink alone for %s', (_what, rule) => expect([toSql(rule, 'flink'), toSql(rule)]).toEqual([null, expect.anything()]));

  it('writes what Flink reads: lengths of time, names, times, at least one definition', () => {
    const within = (duration: string) => /WITHIN INTERVAL (.*)/.exec(toSql(ruleOf([a], { within: duration, edge: 'exclusive' }), 'flink') ?? '')?.[1];
    expect(['1500ms', '99s', '100s', '1h', '100m', '26h1s', '100d', '100d1ms'].map(within)).toEqual(["'1.500' SECOND", "'99' SECOND", "'00:01:40' HOUR TO SECOND", "'1' HOUR", "'01:40:00' HOUR TO SECOND", "'1 02:00:01' DAY TO SECOND", "'100' DAY(3)", "'100 00:00:00.001' DAY(3) TO SECOND"]);
    const text = toSql(ruleOf([{ as: 'large' }, { as: 'one', follow: 'next', where: { cel: 'ts - large.ts < 5000 && one.count == 0' } }], {}, { key: 'user', alert: { facts: { took: { cel: 'one.ts - large.ts' }, total: { fact: 'large.sum.x' } } } }), 'flink');
    expect(text).toContain('PARTITION BY `user`');
    expect(text).toContain('TIMESTAMPDIFF(MILLISECOND, `large`.ts, `one`.ts) AS took,\n    COALESCE(SUM(`large`.x), 0) AS total');
    expect(text).toContain("PATTERN (`large` `one`) WITHIN INTERVAL '00:10:00.001' HOUR TO SECOND\n  DEFINE\n    `one` AS ((ts < (`large`.ts + INTERVAL '5' SECOND)) AND ((COUNT(`one`.ts) - 1) = 0))");
    expect(toSql(ruleOf([{ as: 'a' }]), 'flink')).toContain('DEFINE\n    a AS TRUE');
  });

  it('writes sums and choices as they were read', () => {
    const measures = "SUM(a.x) AS total,\n    COALESCE(SUM(a.x), 0) AS least,\n    CASE WHEN (a.x > b.x) THEN 1 ELSE 2 END AS way,\n    CASE WHEN (a.x > b.x) THEN 1 END AS `only`,\n    CASE WHEN (a.x IS NOT NULL) THEN a.x ELSE b.x END AS `some`";
    const text = `SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES ${measures} AFTER MATCH SKIP PAST LAST ROW PATTERN (a b) WITHIN INTERVAL '1' HOUR DEFINE a AS type = 'a')`;
    expect(toSql(compileSql(text).rule)).toContain(`MEASURES\n    ${measures}\n`);
    const define = '(SUM(b.x) < 10) AND (AVG(b.x) > 1) AND (MIN(b.x) > 0) AND (MAX(b.x) < 9) AND (COUNT(b.x) <= 3) AND (COALESCE(SUM(b.x), 0) < 5) AND (COUNT(a.x) > 0) AND CASE WHEN (a.x > x) THEN (flag IS TRUE) ELSE (((NOT flag) IS TRUE) OR ((x + 1) IS NOT NULL)) END';
    expect(toSql(compileSql(`SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts AFTER MATCH SKIP PAST LAST ROW PATTERN (a b{2}) WITHIN INTERVAL '1' HOUR DEFINE b AS ${define})`).rule)).toContain(`DEFINE\n    b AS ${define}\n`);
    // a choice of CEL has no value where its condition has no answer
    expect(toSql(ruleOf([a], {}, { alert: { facts: { way: { cel: 'a.x > 1 ? "up" : "down"' } } } }))).toContain("CASE WHEN (a.x > 1) THEN 'up' WHEN NOT (a.x > 1) THEN 'down' END AS way");
  });
});
