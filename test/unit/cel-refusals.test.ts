import { describe, expect, it } from '@jest/globals';
import { SlotLayout } from '../../src/event/slot-layout.js';
import { compileCel } from '../../src/rules/cel/compile-cel.js';
import { newContext } from '../../src/rules/conditions/compile-context.js';
import { ruleLimits } from '../../src/rules/limits.js';
import { Problems } from '../../src/rules/problem.js';
import { declaredFields } from '../../src/rules/source-schema.js';
import { newScope } from '../differential/condition-kit.js';

const declared = declaredFields([{ schema: { properties: { amount: { type: 'integer' }, name: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } }, open: { type: 'object' } } } }]);

function problemsOf(text: string): [code: string, message: string][] {
  const problems = new Problems();
  const scope = newScope({ layout: new SlotLayout(), params: { limit: 5 }, declared, stages: new Map([['fails', { index: 0 }]]) });
  compileCel(text, ['when', 'cel'], newContext(scope, problems));
  return problems.list.map(({ code, message }) => [code, message]);
}

describe('refused expressions', () => {
  it.each<[string, string, string]>([
    ['amount >', 'cel.syntax', 'at character 9'],
    ['amount > "x', 'cel.syntax', 'Unterminated string at character 10'],
    ['in.amount > 1', 'cel.syntax', 'fact("name")'],
    ['while > 1', 'cel.syntax', 'fact("name")'],
    ['amuont > 1', 'cel.unknown-field', 'at character 1: found "amuont", which no declared schema of the rule\'s sources has; did you mean "amount"?'],
    ['amount > params.limt', 'cel.unknown-field', 'did you mean params.limit?'],
    ['fails > 1', 'cel.unknown-field', '"fails.count"'],
    ['fails.sum > 1', 'cel.unknown-field', 'expected a field after it'],
    ['event.kind == "a"', 'cel.unknown-field', 'event has ts, type, id and source'],
    ['math.maximum(1, 2)', 'cel.unknown-function', 'no function "math.maximum"'],
    ['math.flor(1)', 'cel.unknown-function', 'did you mean "math.floor"?'],
    ['name.startWith("a")', 'cel.unknown-function', 'did you mean "startsWith"?'],
    ['startsWith(name, "a")', 'cel.unknown-function', 'write value.startsWith(…)'],
    ['fetch("http://x")', 'cel.unknown-function', 'no function "fetch"'],
    ['math.abs()', 'cel.arguments', 'has 0 arguments; expected 1'],
    ['inList("a")', 'cel.arguments', 'expected inList(name, value)'],
    ['has(1)', 'cel.arguments', 'takes one fact'],
    ['fact(name)', 'cel.arguments', 'literal text'],
    ['name.matches(name)', 'cel.arguments', 'compiled once'],
    ['name.matches("(?=a)")', 'condition.regex', 'RE2'],
    ['name.matches("(a{500}){500}")', 'condition.regex', 'smaller repeat counts'],
    ['hourOfWeek(ts, "Mars/Olympus")', 'cel.arguments', 'Mars/Olympus'],
    ['tags.exists(1, true)', 'cel.syntax', 'iteration variable'],
    ['tags.exists(params, true)', 'cel.arguments', 'another name'],
    ['amount > "5"', 'cel.type', 'between number and string'],
    ['amount + name', 'cel.type', 'between number and string'],
    ['amount && true', 'cel.type', 'a side of type number; expected boolean'],
    ['-name', 'cel.type', 'of type string; expected a number'],
    ['name.exists(c, true)', 'cel.type', 'of type string; expected a list'],
    ['amount in name', 'cel.type', 'expected a list'],
    ['amount ? 1 : 2', 'cel.type', 'expected a boolean'],
    ['math.abs(name)', 'cel.type', 'argument 1 of "math.abs" is of type string; expected number'],
    ['1 / 0', 'cel.type', 'has no value'],
    ['9007199254740993 > amount', 'cel.number', '2^53'],
    ['1u > amount', 'cel.unsupported', 'unsigned'],
    ['{"a": 1}.a > 1', 'cel.unsupported', 'objects'],
    ['tags.exists(a, tags.exists(b, tags.exists(c, a == b && b == c)))', 'cel.too-large', '2 lists'],
    ['tags.exists(a, tags.exists(b, a + b + a + b + a + b == "x"))', 'cel.too-large', `at most ${ruleLimits.celCostMax}`],
  ])('%s', (text, code, part) => {
    const problems = problemsOf(text);
    expect(problems.map(([found]) => found)).toContain(code);
    expect(problems.map(([, message]) => message).join('\n')).toContain(part);
  });

  it.each<[string, string, string]>([
    ['parentheses', '(('.repeat(200) + '1' + '))'.repeat(200), 'maxDepth'],
    ['negations', `${'!'.repeat(1_000)}true`, 'levels'],
    ['a chain', `amount > ${'1 + '.repeat(600)}1`, '500 parts'],
    ['a text', 'x'.repeat(ruleLimits.celCharsMax + 1), 'characters'],
    ['signs', `${'-'.repeat(4_000)}1`, 'maxAstNodes'],
  ])('too much: %s', (_name, text, part) => {
    const [[code, message] = []] = problemsOf(text);
    expect(code).toBe('cel.too-large');
    expect(message).toContain(part);
  });

  it('accepts what the schema leaves open', () => {
    expect(problemsOf('open.anything > 1 && amount > 1 && fails.count > 1')).toEqual([]);
  });
});
