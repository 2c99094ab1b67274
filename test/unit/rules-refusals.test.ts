import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../src/event/stream-event.js';
import { validateRule } from '../../src/rules/validate-rule.js';
import { declaredFields } from '../../src/rules/source-schema.js';

const declared = declaredFields([{ schema: { properties: { amountMinor: { type: 'integer' }, card: { type: 'string' }, device: { type: 'object', properties: { id: { type: 'string' } } } } } }]);
const rule = (more: Record<string, JsonValue>): JsonValue => ({ id: 'r', from: 'payments', key: 'card', ...more });
const when = (condition: JsonValue, more: Record<string, JsonValue> = {}): JsonValue => rule({ when: condition, ...more });
const pattern = (stages: JsonValue, more: Record<string, JsonValue> = { within: '1h' }): JsonValue => rule({ pattern: { stages, ...more } });
const leaf: JsonValue = { fact: 'card', operator: 'equal', value: 'c' };

/** code and pointer of each problem, with the message where a test asks for a part of it */
function refused(document: JsonValue): { places: string[]; text: string } {
  const { problems } = validateRule(document, { declared });
  return { places: problems.map(({ code, pointer }) => `${code} ${pointer}`), text: problems.map(({ message }) => message).join('\n') };
}

describe('refused conditions', () => {
  it.each<[string, JsonValue, string[], string]>([
    ['an unknown operator', when({ fact: 'card', operator: 'equals', value: 'c' }), ['condition.unknown-operator /when/operator'], 'did you mean "equal"?'],
    ['an unknown decorator', when({ fact: 'card', operator: 'every:equal', value: 'c' }), ['condition.unknown-decorator /when/operator'], 'found "every"'],
    ['two boolean keys', when({ all: [leaf], any: [leaf] }), ['condition.two-keys /when'], 'write {"all": […]}'],
    ['any of nothing', when({ all: [{ any: [] }] }), ['condition.empty-any /when/all/0/any'], 'at least one condition'],
    ['text as the value of in', when({ fact: 'card', operator: 'in', value: 'c1' }), ['condition.in-text /when/value'], 'expected a list of values: ["c1"]'],
    ['text as the value of notIn', when({ fact: 'card', operator: 'not:notIn', value: 'c1' }), ['condition.in-text /when/value'], 'a list of values'],
    ['a filter in a path', when({ fact: 'device', path: '$.a[?(@.b)]', operator: 'equal', value: 1 }), ['condition.path /when/path'], 'without filters or scripts'],
    ['a script in a path', when({ fact: 'device', path: '$..id', operator: 'equal', value: 1 }), ['condition.path /when/path'], 'without filters or scripts'],
    ['a field that no schema has', when({ fact: 'amountMinr', operator: 'greaterThan', value: 1 }), ['fact.unknown /when/fact'], 'did you mean "amountMinor"?'],
    ['such a field on the right', when({ fact: 'amountMinor', operator: 'greaterThan', value: { fact: 'limit' } }), ['fact.unknown /when/value'], 'which no declared schema'],
    ['such a field in an object', when({ fact: 'device.name', operator: 'equal', value: 'a' }), ['fact.unknown /when/fact'], 'device.name'],
    ['an unknown param', when({ fact: 'amountMinor', operator: 'greaterThan', value: { fact: 'params.mn' } }, { params: { min: 1 } }), ['fact.unknown /when/value'], 'did you mean params.min?'],
    ['a name that is no condition', when({ condition: 'largr' }, { conditions: { large: leaf } }), ['condition.unknown-name /when/condition'], 'did you mean "large"?'],
    ['a circle of names', when({ condition: 'a' }, { conditions: { a: { all: [{ condition: 'b' }] }, b: { not: { condition: 'a' } } } }), ['condition.recursive /conditions/b/not/condition'], 'a → b → a'],
    ['a text where a number is compared', when({ fact: 'amountMinor', operator: 'greaterThan', value: '5' }), ['condition.value /when/value'], 'expected a number; times are compared by "before" and "after"'],
    ['a list where one value is compared', when({ fact: 'card', operator: 'equal', value: ['a'] }), ['condition.value /when/value'], 'write the operator "in"'],
    ['a range upside down', when({ fact: 'amountMinor', operator: 'between', value: [5, 1] }), ['condition.value /when/value'], 'a pair [low, high]'],
    ['a network that is none', when({ fact: 'card', operator: 'cidr', value: '10.0.0.0/40' }), ['condition.value /when/value'], 'a network such as'],
    ['changed from a literal', when({ fact: 'card', operator: 'changed', value: 'a' }), ['condition.value /when/value'], 'naming the earlier value'],
    ['a regular expression with look-ahead', when({ fact: 'card', operator: 'matches', value: '(?=a)' }), ['condition.regex /when/value'], 'RE2 syntax'],
    ['a regular expression from the event', when({ fact: 'card', operator: 'matches', value: { fact: 'card' } }), ['condition.regex /when/value'], 'compiled once'],
    ['someValue of one value', when({ fact: 'card', operator: 'someValue:equal', value: 'a' }), ['condition.value /when/value'], 'takes each of its values'],
    ['no value', when({ fact: 'card', operator: 'equal' }), ['condition.value /when'], 'found no "value"'],
    ['an unknown field in a node', when({ fact: 'card', operator: 'equal', valeu: 'a' }), ['rule.unknown-field /when/valeu', 'condition.value /when'], 'did you mean "value"?'],
    ['something else than a condition', when({ all: ['card == 1'] }), ['condition.form /when/all/0'], '{"cel": "…"}'],
    ['an empty node', when({}), ['condition.form /when'], 'expected one of'],
    ['a scope without where', when({ some: 'card' }), ['condition.form /when'], 'on each element'],
    ['a scope with a reserved name', when({ some: 'card', as: 'event', where: leaf }), ['rule.bad-format /when/as'], 'a name for the element'],
    ['scopes three deep', when({ some: 'card', as: 'a', where: { some: 'a', as: 'b', where: { some: 'b', where: leaf } } }), ['condition.too-large /when/where/where'], 'more than 2 array scopes'],
    ['a wrong expression', when({ cel: 'amountMinor > "5"' }), ['cel.type /when/cel'], 'at character 1'],
  ])('%s', (_name, document, places, part) => {
    const found = refused(document);
    expect(found.places).toEqual(places);
    expect(found.text).toContain(part);
  });
});

describe('refused documents', () => {
  const a: JsonValue = { as: 'a', on: 'x' };
  const b: JsonValue = { as: 'b', on: 'y' };
  it.each<[string, JsonValue, string[], string]>([
    ['no rule', 5, ['rule.not-an-object '], 'expected a rule'],
    ['nothing in it', {}, ['rule.missing /id', 'rule.missing /from', 'rule.missing /key'], 'found nothing'],
    ['neither when nor pattern', rule({}), ['rule.when-or-pattern '], 'neither "when" nor "pattern"'],
    ['both', rule({ when: leaf, pattern: { stages: [a] } }), ['rule.when-or-pattern '], 'both'],
    ['an unknown field', when(leaf, { sevrity: 'high' }), ['rule.unknown-field /sevrity'], 'did you mean "severity"?'],
    ['an unknown choice', when(leaf, { severity: 'hihg' }), ['rule.unknown-choice /severity'], '"info", "low", "medium", "high", "critical"; did you mean "high"?'],
    ['a wrong type', when(leaf, { tags: 'ato' }), ['rule.wrong-type /tags'], 'found "ato"; expected a list'],
    ['an unknown key field', { ...(when(leaf) as object), key: ['cardd'] }, ['fact.unknown /key/0'], 'did you mean "card"?'],
    ['no form of let', rule({ when: leaf, let: { n: { counts: true } } }), ['let.form /let/n'], 'one of cel, count, sum'],
    ['two forms of let', rule({ when: leaf, let: { n: { count: true, sum: 'amountMinor' } } }), ['let.form /let/n'], 'found "count" and "sum" in one'],
    ['a misspelt window', rule({ when: leaf, let: { n: { count: true, windw: '1h' } } }), ['rule.unknown-field /let/n/windw'], 'did you mean "window"?'],
    ['a distinct count for ever', rule({ when: leaf, let: { n: { distinct: 'card' } } }), ['let.window /let/n'], 'without a window'],
    ['an unknown zone', rule({ when: leaf, let: { n: { seasonal: { count: true }, bucket: 'hourOfDay', seasons: 4, tz: 'Nowhere' } } }), ['rule.bad-format /let/n/tz'], 'IANA'],
    ['an entry used before it is made', rule({ when: leaf, let: { a: { cel: 'b > 1' }, b: { cel: 'amountMinor' } } }), ['cel.unknown-field /let/a'], '"b"'],
    ['a reserved name', rule({ when: leaf, let: { event: 'amountMinor', in: 'amountMinor' } }), ['rule.reserved-name /let/event', 'rule.reserved-name /let/in'], 'a word of expressions'],
    ['a name that is none', rule({ when: leaf, let: { 'a-b': 'amountMinor' } }), ['rule.bad-format /let/a-b'], 'a name: a letter'],
    ['a name twice', pattern([a, { as: 'a', on: 'y' }]), ['rule.duplicate-name /pattern/stages/1/as'], 'is the name of a stage'],
    ['a bad duration', pattern([a, b], { within: '1 hour' }), ['rule.bad-format /pattern/within'], '"10m", "1h30m", "7d"'],
    ['a duration of nothing', rule({ when: leaf, let: { n: { count: true, window: 0 } } }), ['rule.out-of-range /let/n/window'], '1 ms'],
    ['an expression that is no duration', pattern([a, b], { within: { cel: '"soon"' } }), ['rule.param /pattern/within'], '"\\"soon\\"" = "soon"'],
    ['an expression over more than params', pattern([a, b], { within: { cel: 'card' } }), ['cel.unknown-field /pattern/within/cel'], '"card"'],
    ['an expression over the time of the event', pattern([a, b], { within: { cel: 'ts' } }), ['rule.param /pattern/within/cel'], 'over params alone'],
    ['a number out of range', pattern([a, { as: 'b', times: { min: 3, max: 2 } }]), ['rule.out-of-range /pattern/stages/1/times'], 'min 3 above max 2'],
    ['a stage without a name', pattern([a, { on: 'y' }]), ['rule.missing /pattern/stages/1/as'], 'found nothing'],
    ['two kinds of stage in one', pattern([a, { not: {}, absent: {}, for: '1m' }]), ['pattern.form /pattern/stages/1'], '"not" and "absent"'],
    ['not at the start', pattern([{ not: { on: 'x' } }, a]), ['pattern.position /pattern/stages/0'], 'between two stages'],
    ['not at the end', pattern([a, { not: { on: 'x' } }]), ['pattern.position /pattern/stages/1'], '{"absent": …, "for": "10m"}'],
    ['absence at the start', pattern([{ absent: { on: 'x' }, for: '1m' }, a]), ['pattern.position /pattern/stages/0'], 'a stage before it'],
    ['absence since a stage that is none', pattern([a, { absent: { on: 'x' }, for: '1m', since: 'q' }]), ['pattern.unknown-stage /pattern/stages/1/since'], 'one of the stages a'],
    ['a skip to a stage that is none', pattern([a, b], { within: '1h', skip: { toFirst: 'q' } }), ['pattern.unknown-stage /pattern/skip/toFirst'], 'a, b'],
    ['a stage that comes later', pattern([{ as: 'a', on: 'x', where: { cel: 'b.card == card' } }, b]), ['cel.unknown-field /pattern/stages/0/where/cel'], '"b.card"'],
    ['no bound at all', pattern([a, b], {}), ['pattern.unbounded /pattern/stages/1'], 'expected "within" on the pattern'],
    ['a first loop without end', pattern([{ as: 'a', on: 'x', times: 'oneOrMore' }], {}), ['pattern.unbounded /pattern/stages/0'], '"span" on the stage'],
    ['a loop around nothing', pattern([{ group: [{ as: 'a', optional: true }], times: 'oneOrMore' }, b]), ['pattern.empty-loop /pattern/stages/0'], 'may all be left out'],
    ['a pattern of nothing', pattern([{ as: 'a', optional: true }]), ['pattern.empty-loop /pattern/stages'], 'fits no events'],
    ['a wrong until', pattern([{ as: 'a', times: 'oneOrMore', until: { fact: 'card', operator: 'eq', value: 1 } }]), ['condition.unknown-operator /pattern/stages/0/until/operator'], 'expected one of'],
    ['a wrong condition in until', pattern([{ as: 'a', times: 'oneOrMore', until: { on: 'x', where: { any: [] } } }]), ['condition.empty-any /pattern/stages/0/until/where/any'], 'at least one'],
    ['an unknown fact in an alert', when(leaf, { alert: { include: ['crad'], facts: { x: { cel: 'amountMinor +' } }, message: '{{crd}} {{' } }), ['fact.unknown /alert/include/0', 'cel.syntax /alert/facts/x/cel', 'fact.unknown /alert/message', 'template.syntax /alert/message'], 'did you mean "card"?'],
    ['an unknown fact in a policy', when(leaf, { policy: { fire: { once: 'forever', per: ['crad'] } } }), ['fact.unknown /policy/fire/per/0'], 'did you mean'],
    ['a wrong policy', when(leaf, { policy: { fire: 'sometimes' } }), ['rule.bad-format /policy/fire'], '"each", {"once": "10m"}'],
    ['a condition in the policy', when(leaf, { policy: { fire: { rearmWhen: { any: [] } } } }), ['condition.empty-any /policy/fire/rearmWhen/any'], 'at least one'],
  ])('%s', (_name, document, places, part) => {
    const found = refused(document);
    expect(found.places).toEqual(places);
    expect(found.text).toContain(part);
  });
});

describe('warnings', () => {
  const warned = (document: JsonValue): string[] => validateRule(document, { declared }).warnings.map(({ code, pointer }) => `${code} ${pointer}`);
  it('names what has no effect or never holds', () => {
    expect(warned(when({ fact: 'card', operator: 'greaterThan', value: 5 }))).toEqual(['condition.value /when/operator']);
    expect(warned(when({ fact: 'card', operator: 'equal', value: 'a', params: { x: 1 } }))).toEqual(['condition.ignored /when/params']);
    expect(warned(when(leaf, { conditions: { unused: leaf } }))).toEqual(['condition.ignored /conditions/unused']);
    expect(warned(when(leaf, { let: { card: 'amountMinor' } }))).toEqual(['fact.shadowed /let/card']);
  });
});
