import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import { validateRule } from '../../src/rules/validate-rule.js';

const GOOD = "SELECT * FROM s MATCH_RECOGNIZE ( PARTITION BY k ORDER BY ts MEASURES LAST ( A . x ) AS x , COUNT ( * ) AS n ONE ROW PER MATCH AFTER MATCH SKIP TO NEXT ROW PATTERN ( A {- X * ? -} ( B | C ) { 2 , 3 } PERMUTE ( D , E ) F ABSENT FOR INTERVAL '1' HOUR ) WITHIN INTERVAL '1' DAY DEFINE A AS x > 1 AND NOT y LIKE 'a%' , X AS ( z = 2 ) IS NOT TRUE , B AS SUM ( B . x ) BETWEEN 1 AND 2 , C AS CASE WHEN x = 1 THEN y ELSE z END = 3 , D AS x IN ( 1 , 2 ) , E AS x IS NULL , F AS TRUE )".split(' ');
const word = fc.oneof(fc.constantFrom(...GOOD), fc.string({ maxLength: 4 }));

/** Words of a good text, some of them left out, doubled or replaced. */
const spoilt = fc.array(fc.record({ at: fc.nat(GOOD.length - 1), how: fc.constantFrom('drop', 'double', 'replace'), by: word }), { maxLength: 4 }).map((changes) => {
  const words: string[][] = GOOD.map((text) => [text]);
  for (const { at, how, by } of changes) words[at] = how === 'drop' ? [] : how === 'double' ? [...(words[at] as string[]), GOOD[at] as string] : [by];
  return words.flat().join(' ');
});

describe('compileSql, whatever the text', () => {
  it('never throws, says where each problem is, and gives a valid rule where it has none', () =>
    fc.assert(
      fc.property(fc.oneof(spoilt, fc.array(word, { maxLength: 60 }).map((words) => words.join(' ')), fc.string({ maxLength: 200 })), (text) => {
        const { rule, problems } = compileSql(text);
        expect(rule === undefined).toBe(problems.length > 0);
        const lines = text.split(/\r\n|\r|\n/);
        for (const { line, column } of problems) expect([line >= 1 && line <= lines.length, column >= 1 && column <= (lines[line - 1] as string).length + 1]).toEqual([true, true]);
        if (rule !== undefined) expect(validateRule(rule).problems).toEqual([]);
      }),
      { numRuns: 2_000 },
    ));

  it('takes the good text', () => expect(compileSql(GOOD.join(' ')).problems).toEqual([]));

  it('ends soon with long chains', () => {
    const codesOf = (condition: string) => compileSql(`SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts PATTERN (A) DEFINE A AS ${condition})`).problems.map(({ code }) => code);
    const codes = (part: string) => codesOf(`x ${part.repeat(1_300)}`);
    const parts = ['AND x = 1 ', '= 1 OR NOT NOT x ', '+ 1 ', '* - - 1 ', 'IS NOT TRUE ', "|| 'a' "];
    expect(parts.map((part) => [...new Set(codes(part))])).toEqual([[], [], ['sql.too-large'], ['sql.too-large'], ['sql.syntax'], ['sql.too-large']]);
    const nested = (open: string, close: string) => [...new Set(codesOf(`${open.repeat(38)}x${close.repeat(38)}`))];
    expect([nested('(', ' BETWEEN 1 AND 2)'), nested('ABS(', ' IS NULL)'), nested('((', ') IS NOT TRUE)')]).toEqual([['sql.too-large'], ['cel.too-large'], ['sql.too-large']]);
  });
});
