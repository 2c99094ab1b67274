import { describe, expect, it } from '@jest/globals';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import { sqlLimits } from '../../src/rules/sql/limits.js';
import type { JsonValue } from '../../src/event/stream-event.js';

const query = (pattern: string, define: string, rest: { measures?: string; select?: string; after?: string; within?: string } = {}): string =>
  `SELECT ${rest.select ?? '*'} FROM payments MATCH_RECOGNIZE (
  PARTITION BY card ORDER BY ts ${rest.measures === undefined ? '' : `MEASURES ${rest.measures}`}
  ONE ROW PER MATCH AFTER MATCH SKIP ${rest.after ?? 'PAST LAST ROW'}
  PATTERN (${pattern}) WITHIN ${rest.within ?? "INTERVAL '1' HOUR"}
  DEFINE ${define}) AS T`;

type Compiled = { pattern: { stages: JsonValue[]; skip?: JsonValue; limit?: JsonValue; within?: JsonValue }; alert: { facts: JsonValue } };

function compiled(text: string, members = {}): Compiled {
  const { rule, problems } = compileSql(text, members);
  expect(problems).toEqual([]);
  return rule as unknown as Compiled;
}

const stages = (pattern: string, define: string): JsonValue[] => compiled(query(pattern, define)).pattern.stages;
/** The condition of a variable B after an A. */
const where = (condition: string): JsonValue | undefined => (stages('A B', `A AS x > 0, B AS ${condition}`)[1] as Record<string, JsonValue>)['where'];
const problemsOf = (text: string) => compileSql(text).problems.map(({ code, line, column, message }) => ({ code, line, column, message }));

describe('compileSql', () => {
  it('compiles a whole query', () => {
    expect(compileSql(query('A B+ C', "A AS type = 'login', B AS B.amount > LAST(B.amount, 1) OR LAST(B.amount, 1) IS NULL, C AS C.amount > 3 * AVG(B.amount)", { measures: 'FIRST(B.ts) AS since, SUM(B.amount) AS total, COUNT(*) AS n' }), { id: 'climb', severity: 'high', alert: { type: 'climb' } })).toMatchObject({
      problems: [],
      warnings: [],
      rule: {
        id: 'climb',
        severity: 'high',
        from: 'payments',
        key: 'card',
        pattern: {
          stages: [
            { as: 'A', on: 'login' },
            { as: 'B', where: { any: [{ cel: 'amount > B.amount' }, { fact: 'B.amount', operator: 'missing' }] }, follow: 'next', times: 'oneOrMore', inner: 'strict', greedy: true },
            { as: 'C', where: { cel: 'amount > (3 * B.avg.amount)' }, follow: 'next' },
          ],
          within: '1h',
          edge: 'exclusive',
        },
        alert: { type: 'climb', facts: { since: { fact: 'B.first.ts' }, total: { cel: '(has(B.avg.amount) ? B.sum.amount : B.avg.amount)' }, n: { cel: '(A.count + B.count + C.count)' } } },
      },
    });
  });

  it('gives quantifiers their meaning', () => {
    const loop = (quantifier: string) => {
      const { times, optional, greedy, inner } = stages(`A B${quantifier} C`, 'A AS x = 1, B AS x = 2, C AS x = 3')[1] as Record<string, JsonValue>;
      return [times, optional, greedy, inner];
    };
    expect(Object.fromEntries(['', '*', '+', '?', '{3}', '{2,}', '{2,4}', '{,4}', '*?', '+?', '{2,4}?'].map((quantifier) => [quantifier, loop(quantifier)]))).toEqual({
      '': [undefined, undefined, undefined, undefined],
      '*': [{ min: 0 }, undefined, true, 'strict'],
      '+': ['oneOrMore', undefined, true, 'strict'],
      '?': [undefined, true, undefined, undefined],
      '{3}': [3, undefined, undefined, 'strict'],
      '{2,}': [{ min: 2 }, undefined, true, 'strict'],
      '{2,4}': [{ min: 2, max: 4 }, undefined, true, 'strict'],
      '{,4}': [{ min: 0, max: 4 }, undefined, true, 'strict'],
      '*?': [{ min: 0 }, undefined, undefined, 'strict'],
      '+?': ['oneOrMore', undefined, undefined, 'strict'],
      '{2,4}?': [{ min: 2, max: 4 }, undefined, undefined, 'strict'],
    });
  });

  it('goes beyond Flink: alternation, groups, PERMUTE, exclusion, absence', () => {
    expect(stages('A (B | C D) (E F){2}', "A AS type = 'a', B AS type = 'b', C AS type = 'c', D AS type = 'd', E AS type = 'e', F AS type = 'f'")).toEqual([
      { as: 'A', on: 'a' },
      { oneOf: [{ as: 'B', on: 'b' }, [{ as: 'C', on: 'c' }, { as: 'D', on: 'd', follow: 'next' }]], follow: 'next' },
      { group: [{ as: 'E', on: 'e' }, { as: 'F', on: 'f', follow: 'next' }], follow: 'next', times: 2, inner: 'strict' },
    ]);
    expect(stages('A PERMUTE(B, C) D ABSENT FOR INTERVAL \'90\' MINUTE', "A AS type = 'a', B AS type = 'b', C AS type = 'c', D AS D.type IN ('d', 'e') AND D.x = A.x")).toEqual([
      { as: 'A', on: 'a' },
      { allOf: [{ as: 'B', on: 'b' }, { as: 'C', on: 'c' }], follow: 'next' },
      { absent: { on: ['d', 'e'], where: { fact: 'x', operator: 'equal', value: { fact: 'A.x' } } }, for: '1h30m' },
    ]);
    expect(stages('A {- X*? -} B {- Y* -} C', "A AS type = 'a', X AS (X.type = 'ok' AND X.n > 1) IS NOT TRUE AND X.type <> 'stop', B AS type = 'b', C AS type = 'c'")).toEqual([
      { as: 'A', on: 'a' },
      { not: { on: 'ok', where: { fact: 'n', operator: 'greaterThan', value: 1 } } },
      { not: { on: 'stop' } },
      { as: 'B', on: 'b', follow: 'followedBy' },
      { as: 'C', on: 'c', follow: 'followedByAny' },
    ]);
  });

  it('compiles conditions so that what is unknown is false, under NOT too', () => {
    expect(where('B.x = 1 AND 2 < x')).toEqual({ all: [{ fact: 'x', operator: 'equal', value: 1 }, { fact: 'x', operator: 'greaterThan', value: 2 }] });
    expect(where('NOT (x = 1 OR y <> 2)')).toEqual({ all: [{ fact: 'x', operator: 'notEqual', value: 1 }, { fact: 'y', operator: 'equal', value: 2 }] });
    expect(where('NOT x BETWEEN 1 AND 2')).toEqual({ fact: 'x', operator: 'not:between', value: [1, 2] });
    expect(where("NOT name LIKE 'a%' AND name LIKE '%z' AND name LIKE '_b%c'")).toEqual({ all: [{ fact: 'name', operator: 'not:startsWith', value: 'a' }, { fact: 'name', operator: 'endsWith', value: 'z' }, { fact: 'name', operator: 'matches', value: '(?s)^.b.*c$' }] });
    expect(where("name LIKE '10!%' ESCAPE '!' AND name LIKE '%x%'")).toEqual({ all: [{ fact: 'name', operator: 'equal', value: '10%' }, { cel: 'name.contains("x")' }] });
    expect(where('x NOT IN (1, 2) AND y IS NOT NULL AND (x + 1) IS NULL')).toEqual({ all: [{ fact: 'x', operator: 'notIn', value: [1, 2] }, { fact: 'y', operator: 'exists' }, { not: { cel: '(x + 1) == (x + 1)' } }] });
    expect(where('(x = 1) IS NOT TRUE AND flag AND NOT other')).toEqual({ all: [{ not: { fact: 'x', operator: 'equal', value: 1 } }, { fact: 'flag', operator: 'equal', value: true }, { fact: 'other', operator: 'equal', value: false }] });
    expect(where("B.name < 'm' AND B.ts - A.ts <= INTERVAL '10' MINUTE")).toEqual({ all: [{ cel: 'name < "m"' }, { cel: '(ts - A.ts) <= 600000' }] });
  });

  it('goes on where a condition inside a value is unknown', () => {
    expect(where("CASE WHEN x IS NULL THEN 1 WHEN flag THEN 2 END = 1")).toEqual({ cel: '(!has(x) ? 1 : [2][flag ? 0 : 1]) == 1' });
    expect(where("CASE WHEN COUNT(A.ts) > 1 THEN x ELSE NULL END = 1")).toEqual({ cel: '[x][(A.count > 1) ? 0 : 1] == 1' });
    expect(where("IF(x > 1 AND flag IS NOT TRUE, 'a', 'b') = name")).toEqual({ cel: '((has([((x > 1) && !(has([flag][0]) && (flag)))][0]) && ((x > 1) && !(has([flag][0]) && (flag)))) ? "a" : "b") == name' });
    expect(where('COALESCE(x / y, A.x, 0) > 1 AND NULLIF(x, 0) > 1')).toEqual({ all: [{ cel: '(has([(x / y)][0]) ? (x / y) : (has(A.x) ? A.x : 0)) > 1' }, { cel: '[x][(has([(x == 0)][0]) && (x == 0)) ? 1 : 0] > 1' }] });
    expect(where('IF(x IN (A.x, 2), x, 0) = 1 AND TIMESTAMPDIFF(MINUTE, A.ts, ts) < 5')).toEqual({ all: [{ cel: '((has([(x == A.x || x == 2)][0]) && (x == A.x || x == 2)) ? x : 0) == 1' }, { cel: 'math.trunc((ts - A.ts) / 60000) < 5' }] });
  });

  it('gives out all matches that an event releases, where they are given out as Flink does', () => {
    expect(compiled(query('A B', 'A AS x = 1'), { pattern: { emit: 'ordered' } }).pattern).toMatchObject({ emit: 'ordered', limit: 1_000 });
    expect(compiled(query('A B', 'A AS x = 1')).pattern.limit).toBeUndefined();
  });

  it('reads the events of variables, with the current one among its own', () => {
    expect(where('SUM(B.x) < 10')).toEqual({ cel: '(has(x) ? B.sum.x + x : (has(B.avg.x) ? B.sum.x : B.avg.x)) < 10' });
    expect(where('COALESCE(SUM(B.x), 0) < 10 AND COALESCE(SUM(A.x), 0) < 10')).toEqual({ all: [{ cel: '(has(x) ? B.sum.x + x : B.sum.x) < 10' }, { fact: 'A.sum.x', operator: 'lessThan', value: 10 }] });
    expect(where('FIRST(B.x, 1) > 1 AND LAST(A.x, 1) > 1')).toEqual({ all: [{ cel: '(B.count == 1 ? x : B.values.x[size(B.values.x) == B.count ? 1 : -1]) > 1' }, { cel: 'A.values.x[size(A.values.x) == A.count ? size(A.values.x) - 2 : -1] > 1' }] });
    expect(where('COUNT(B.*) > COUNT(A.*)')).toEqual({ cel: '(B.count + 1) > A.count' });
    expect(where('AVG(B.x) > 1 AND MIN(B.x) > 1 AND FIRST(B.x) = x')).toEqual({ all: [{ cel: '(has(x) ? (B.sum.x + x) / (size(B.values.x) + 1) : B.avg.x) > 1' }, { cel: '(has(x) ? (has(B.min.x) ? math.min(B.min.x, x) : x) : B.min.x) > 1' }, { cel: '(B.count == 0 ? x : B.first.x) == x' }] });
    expect(where('LAST(B.x) = 1 AND LAST(B.x, 1) = 2 AND LAST(A.x) = 3')).toEqual({ all: [{ fact: 'x', operator: 'equal', value: 1 }, { fact: 'B.x', operator: 'equal', value: 2 }, { fact: 'A.x', operator: 'equal', value: 3 }] });
    expect(where('B.device.id = A.device.id AND `A` > 1 AND A.count > 2')).toEqual({
      all: [{ fact: 'device.id', operator: 'equal', value: { fact: 'A.device.id' } }, { fact: '$.A', operator: 'greaterThan', value: 1 }, { fact: 'A.last.count', operator: 'greaterThan', value: 2 }],
    });
  });

  it('takes the column that it orders by as the time, and type as the type', () => {
    const text = "SELECT * FROM (SELECT * FROM a UNION ALL SELECT * FROM `b-1`) MATCH_RECOGNIZE (PARTITION BY x, y ORDER BY rowtime MEASURES A.rowtime AS t, A.type AS kind PATTERN (A B) WITHIN INTERVAL '1:30' HOUR TO MINUTE DEFINE B AS B.rowtime > A.rowtime)";
    expect(compileSql(text, { id: 'two' }).rule).toEqual({
      id: 'two',
      from: ['a', 'b-1'],
      key: ['x', 'y'],
      pattern: { stages: [{ as: 'A' }, { as: 'B', where: { cel: 'ts > A.ts' }, follow: 'next' }], within: '1h30m', skip: 'toNext', limit: 1_000, edge: 'exclusive' },
      alert: { facts: { t: { fact: 'A.ts' }, kind: { fact: 'A.event.type' } } },
    });
  });

  it('shows the measures that are selected, under their names there', () => {
    const { facts } = compiled(query('A B', 'A AS x = 1, B AS x = 2', { select: 'T.card, n AS events, T.what', measures: "COUNT(*) AS n, A.x AS hidden, CASE WHEN A.x > B.x THEN 'down' ELSE 'up' END AS what" })).alert;
    expect(compiled(query('A B', 'A AS x = 1, B AS x = 2', { measures: 'A.x AS `A.x`, COUNT(B.ts) AS n' })).alert).toEqual({ include: ['A.x'], facts: { n: { fact: 'B.count' } } });
    expect(facts).toEqual({ events: { cel: '(A.count + B.count)' }, what: { cel: '((has([(A.x > B.x)][0]) && (A.x > B.x)) ? "down" : "up")' } });
  });

  it.each([
    ["SELECT * FROM s", 'sql.syntax', 1, 16, 'found the end of the text; expected MATCH_RECOGNIZE'],
    [query('A B', 'A AS x = 1,\n  B AS x ='), 'sql.syntax', 6, 11, 'found ")"; expected one of a number, a text in \'…\', TRUE, FALSE, NULL, INTERVAL, CASE, "(" …'],
    [query('A #', 'A AS x = 1'), 'sql.syntax', 4, 14, 'found "#", which begins nothing that SQL knows'],
    [query('A B+', 'A AS x = 1'), 'sql.unsupported', 4, 14, 'found a greedy quantifier at the end of the pattern, where a stream never says that no more will come; expected a reluctant one such as B+? or {2,4}?, or a variable after it'],
    [query('A A', 'A AS x = 1'), 'sql.unsupported', 4, 14, 'found A a second time in the pattern; expected each variable once: give the second another name and the same condition'],
    [query('A B', 'A AS x = B.x'), 'sql.unknown-variable', 5, 19, 'found B, which comes after A in the pattern; expected a variable before it, whose events are known by then'],
    [query('A B', 'C AS x = 1'), 'sql.unknown-variable', 5, 10, 'found C, which the pattern does not have; expected one of A, B'],
    [query('A B', 'A AS x = NULL'), 'sql.unsupported', 5, 19, 'found NULL as a value, which makes every comparison unknown; expected IS NULL or IS NOT NULL'],
    [query('A B', 'A AS 1'), 'sql.type', 5, 15, 'found 1 as a condition; expected a comparison'],
    [query('A B', 'A AS FOO(x) > 1'), 'sql.unsupported', 5, 15, expect.stringContaining('found the function FOO; expected FIRST, LAST')],
    [query('A B', "A AS x = 1", { within: "INTERVAL 'x' HOUR" }), 'sql.syntax', 4, 33, expect.stringContaining("found INTERVAL 'x' HOUR; expected a length of time")],
    [query('A {- X*? -}', 'A AS x = 1'), 'sql.unsupported', 4, 12, 'found {- -} at the end, where nothing follows; expected a variable after it'],
    [query('A {- X*? -} B', 'A AS x = 1, B AS B.y = X.y'), 'sql.unknown-variable', 5, 33, 'found X, whose events are not part of the match; expected a variable outside of {- -} and ABSENT'],
    [query('A B', 'A AS x = 1', { after: 'TO LAST Z' }), 'sql.unknown-variable', 3, 46, 'found Z; expected a variable of the match: A, B'],
    [query('A B', 'A AS x = 1', { select: 'other' }), 'sql.unsupported', 1, 8, 'found other in SELECT; expected "*", or columns of PARTITION BY and MEASURES'],
    ["SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts DESC PATTERN (A) DEFINE A AS x = 1)", 'sql.unsupported', 1, 58, 'found DESC; expected the events in order of their time'],
    ["SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts ALL ROWS PER MATCH PATTERN (A) DEFINE A AS x = 1)", 'sql.unsupported', 1, 61, expect.stringContaining('found ALL ROWS PER MATCH')],
    ["SELECT * FROM s MATCH_RECOGNIZE (ORDER BY ts PATTERN (A) DEFINE A AS x = 1)", 'sql.missing', 1, 55, 'found no PARTITION BY; expected the key of the rule: PARTITION BY card'],
  ])('says what is wrong and where (%#)', (text, code, line, column, message) => {
    expect(problemsOf(text)).toEqual([{ code, line, column, message }]);
  });

  it('finds the place of what is wrong with the rule', () => {
    expect(problemsOf("SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts\nPATTERN (A B)\nDEFINE B AS\n  ABS('x') > x)")).toEqual([
      { code: 'cel.type', line: 4, column: 12, message: expect.stringContaining('argument 1 of "math.abs" is of type string; expected number') },
      { code: 'pattern.unbounded', line: 2, column: 12, message: expect.stringContaining('found a stage that is waited for without end') },
    ]);
  });

  it('bounds what it reads', () => {
    const codes = (text: string) => compileSql(text).problems.map(({ code }) => code);
    expect(codes('x'.repeat(sqlLimits.textCharsMax + 1))).toEqual(['sql.too-large']);
    expect(codes('+ '.repeat(sqlLimits.tokensMax + 1))).toEqual(['sql.too-large']);
    expect(codes(query('A', `A AS ${'('.repeat(sqlLimits.nestingMax)}x = 1${')'.repeat(sqlLimits.nestingMax)}`))).toEqual(['sql.too-large']);
    expect(codes(query('A', `A AS ${'('.repeat(sqlLimits.nestingMax - 1)}x = 1${')'.repeat(sqlLimits.nestingMax - 1)}`))).toEqual([]);
    expect(codes(Array.from({ length: 200 }, () => '#').join(' '))).toHaveLength(sqlLimits.problemsMax);
  });
});
