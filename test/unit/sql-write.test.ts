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

  it('has none with the words of Flink alone for what Flink cannot say', () => {
    expect([ruleOf([a, { absent: { on: 'c' }, for: '5m' }]), ruleOf([a, { oneOf: [{ as: 'c', on: 'c' }, { as: 'd', on: 'd' }] }])].map((rule) => toSql(rule, 'flink'))).toEqual([null, null]);
  });
});
