import { describe, expect, it } from '@jest/globals';
import { judgeRule } from '../../src/rules/judge-rule.js';
import { validateRule } from '../../src/rules/validate-rule.js';

const counting = (rest: object = {}) => ({ id: 'r', from: ['a', 'b'], key: 'card', params: { most: 2 }, let: { n: { count: true, window: '10m' } }, when: { fact: 'n', operator: 'greaterThan', value: { fact: 'params.most' } }, ...rest });
const sequence = (times: number, rest: object = {}) => ({ id: 'r', from: 'a', key: 'card', pattern: { stages: [{ as: 'x', on: 'x', times }, { as: 'y', on: 'y' }], within: '1h' }, ...rest });

/** What is said of a version that follows one that runs: codes and places, problems before warnings. */
function said(before: object, after: object): string[] {
  const { problems, warnings } = judgeRule(after, { running: { version: 3, rule: validateRule(before).resolved! } });
  return [...problems.map(({ code, pointer }) => `refused: ${code} ${pointer}`), ...warnings.map(({ code, pointer }) => `${code} ${pointer}`)];
}

describe('a new version of a rule that runs', () => {
  it('keeps its state under other thresholds, texts, times of a pattern and order of sources', () => {
    expect(said(counting(), counting({ params: { most: 9 }, name: 'Many', from: ['b', 'a'] }))).toEqual([]);
    expect(said(sequence(2), sequence(2, { pattern: { ...sequence(2).pattern, within: '2h', stages: [{ as: 'x', on: 'x', times: 2, where: { cel: 'amount > 5' } }, { as: 'y', on: 'z' }] } }))).toEqual([]);
  });

  it('keeps a window under other params, but not under those that it mentions', () => {
    const large = (least: number, most: number) =>
      counting({ params: { least, most }, conditions: { large: { fact: 'amount', operator: 'greaterThan', value: { fact: 'params.least' } } }, let: { n: { count: true, window: '10m', of: { condition: 'large' } }, m: { count: true, window: '10m', of: { cel: 'amount > params.least' } } } });
    expect(said(large(5, 2), large(5, 3))).toEqual([]);
    expect(said(large(5, 2), large(6, 2))).toEqual(['rule.on-change /let/n', 'rule.on-change /let/m']);
  });

  it('says what begins empty: another window, another key, other sources, another number of events', () => {
    expect(said(counting(), counting({ let: { n: { count: true, window: '20m' } } }))).toEqual(['rule.on-change /let/n']);
    expect(said(counting(), counting({ let: { m: { count: true, window: '10m' } }, when: { fact: 'm', operator: 'greaterThan', value: 1 } }))).toEqual([]);
    expect(said(counting(), counting({ key: ['card', 'country'] }))).toEqual(['rule.on-change /key']);
    expect(said(counting(), counting({ from: 'a' }))).toEqual(['rule.on-change /from']);
    expect(said(sequence(2), sequence(3))).toEqual(['rule.on-change /pattern']);
  });

  it('is refused where it says "keep" and cannot', () => {
    expect(said(counting(), counting({ onChange: 'keep' }))).toEqual([]);
    expect(said(counting(), counting({ onChange: 'keep', let: { n: { count: true, window: '20m' } } }))).toEqual(['refused: rule.on-change /let/n']);
  });

  it('may do anything where it says "reset"', () => expect(said(sequence(2), sequence(3, { onChange: 'reset' }))).toEqual([]));
});
