import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/event/stream-event.js';
import { ruleLimits } from '../../src/rules/limits.js';
import { validateSource } from '../../src/rules/source-schema.js';
import { validateRule } from '../../src/rules/validate-rule.js';

const GOOD: JsonValue = {
  id: 'r',
  from: ['a', 'signals'],
  key: ['account', { cel: 'net.cidr(ip, 24)' }],
  params: { min: 5, wait: '10m', list: ['a'] },
  conditions: { big: { fact: 'amount', operator: 'greaterThan', value: { fact: 'params.min' } } },
  let: { n: { count: true, window: { cel: 'params.wait' }, of: { condition: 'big' }, by: ['card'] }, s: { seen: 'device', ttl: '90d' }, e: 'n + 1' },
  pattern: {
    stages: [
      { as: 'a', on: 'x', times: { min: 2, max: { cel: 'params.min' } }, having: { cel: 'a.sum.amount > 3' }, until: { on: 'stop' } },
      { not: { on: 'y', where: { any: [{ condition: 'big' }, { not: { fact: 'z', operator: 'someFact:in', value: ['q'] } }] } } },
      { oneOf: [{ as: 'b', on: 'y' }, [{ as: 'c', on: 'z' }, { as: 'd', where: { some: 'items', where: { fact: 'item.n', operator: 'matches', value: '^a' } } }]] },
      { absent: { on: 'z' }, for: '1h', resolve: '7d' },
    ],
    within: '1d',
    skip: { toFirst: 'a' },
  },
  policy: { fire: { once: '10m', per: ['e'] } },
  alert: { include: ['a.count'], message: '{{a.amount}}', facts: { x: { cel: 'a.count > 1 ? "many" : "one"' } } },
  tests: [{ name: 't', events: [{ ts: 1 }], expect: [{ at: 1 }] }],
};

type Place = { [name: string]: JsonValue } | JsonValue[];

/** Every object and list of a document. */
function places(document: JsonValue, found: Place[] = []): Place[] {
  if (typeof document !== 'object' || document === null) return found;
  found.push(document as Place);
  for (const value of Object.values(document)) places(value as JsonValue, found);
  return found;
}

const words = ['all', 'any', 'not', 'cel', 'fact', 'operator', 'value', 'where', 'as', 'on', 'times', 'group', 'oneOf', 'allOf', 'absent', 'window', 'until', 'since', 'params', 'let', 'when', 'condition', '__proto__', 'constructor', 'toString', 'a', ''];
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>('', '10m', '{{', 'a.b[*].c', '$..x', 'params.min + 1', 'a.first.x', NaN, Infinity, -0, 1e308, 2 ** 53, [], {}, { cel: '1/0' }, { cel: 'params' }, { fact: 'params.__proto__' }, { condition: 'big' }, undefined, () => 1, Symbol('s'), 5n, new Date(0), new Map()),
  fc.string(),
  fc.string({ unit: fc.constantFrom('a', '.', '(', ')', '[', ']', '{', '}', '"', "'", '!', '&', '|', '?', ':', '1', ' ', '\\', 'in', 'has(') }).map((cel) => ({ cel })),
);

/** One change somewhere in the document. */
interface Change {
  readonly place: number;
  readonly member: number;
  readonly word: string;
  readonly how: 'replace' | 'remove' | 'add' | 'copy';
  readonly value: unknown;
}
const change: fc.Arbitrary<Change> = fc.record({ place: fc.nat(), member: fc.nat(), word: fc.constantFrom(...words), how: fc.constantFrom('replace', 'remove', 'add', 'copy'), value: odd });

function apply(document: JsonValue, { place, member, word, how, value }: Change): void {
  const all = places(document);
  const target = all[place % all.length] as Record<string, unknown>;
  const keys = Object.keys(target);
  const key = keys[member % Math.max(1, keys.length)] ?? word;
  if (how === 'remove') delete target[key];
  else if (how === 'copy') target[word] = structuredClone(all[member % all.length] as JsonValue);
  else target[how === 'add' ? word : key] = value;
}

const settled = (document: unknown): void => {
  const { rule, problems, warnings } = validateRule(document);
  expect(rule === undefined).toBe(problems.length > 0);
  for (const { pointer, message } of [...problems, ...warnings]) {
    expect(pointer === '' || pointer.startsWith('/')).toBe(true);
    expect(message).toMatch(/^found /);
  }
};

describe('whatever is posted as a rule', () => {
  it('is judged, with pointers and reasons', () => {
    expect(validateRule(GOOD).problems).toEqual([]);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const document = structuredClone(GOOD);
        for (const one of changes) {
          try {
            apply(document, one);
          } catch {
            continue; // what cannot be cloned cannot be posted either
          }
        }
        settled(document);
      }),
      { numRuns: 5_000 },
    );
  }, 60_000);

  it('is judged when it is no document at all', () => {
    fc.assert(fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true, withSparseArray: true }), settled), { numRuns: 2_000 });
    fc.assert(fc.property(fc.anything(), (value) => expect(validateSource(value).source).toBeUndefined()), { numRuns: 1_000 });
  });

  const circle: Record<string, unknown> = { id: 'r' };
  circle.self = circle;
  const nested = (levels: number, wrap: (inner: JsonValue) => JsonValue, inner: JsonValue): JsonValue => (levels === 0 ? inner : nested(levels - 1, wrap, wrap(inner)));
  const leaf: JsonValue = { fact: 'x', operator: 'equal', value: 1 };
  const when = (condition: JsonValue, more: Record<string, JsonValue> = {}): JsonValue => ({ id: 'r', from: 'a', key: 'k', when: condition, ...more });
  const doubling = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c${i}`, { all: [{ condition: `c${i + 1}` }, { condition: `c${i + 1}` }] }]));
  const stages = (n: number): JsonValue => Array.from({ length: n }, (_, i) => ({ as: `s${i}`, on: 'x' }));

  it.each<[string, unknown, string[]]>([
    ['a circle', circle, ['rule.too-deep']],
    ['a getter that throws', { get id(): string { throw new Error('no'); } }, ['rule.not-json']],
    ['a proxy that throws', new Proxy({}, { ownKeys: () => { throw new Error('no'); } }), ['rule.not-json']],
    ['a name for prototypes', JSON.parse('{"id": "r", "__proto__": {"a": 1}}'), ['rule.unknown-field']],
    ['a long text', when(leaf, { description: 'x'.repeat(ruleLimits.textCharsMax + 1) }), ['rule.too-large']],
    ['many long texts', when(leaf, { tags: new Array<string>(10).fill('x'.repeat(ruleLimits.textCharsMax)) }), ['rule.too-large']],
    ['a long list', when({ fact: 'x', operator: 'in', value: new Array<number>(ruleLimits.listValuesMax + 1).fill(1) }), ['rule.too-large']],
    ['many values', when({ all: new Array<JsonValue>(ruleLimits.documentNodesMax / 4).fill(leaf) }), ['rule.too-large']],
    ['deep conditions', when(nested(ruleLimits.conditionDepthMax, (inner) => ({ not: inner }), leaf)), ['condition.too-large']],
    ['very deep conditions', when(nested(1_000, (inner) => ({ not: inner }), leaf)), ['rule.too-deep']],
    ['conditions that double', when({ condition: 'c0' }, { conditions: { ...doubling, c40: leaf } }), ['condition.too-large']],
    ['many conditions', when({ all: new Array<JsonValue>(ruleLimits.conditionNodesMax).fill(leaf) }), ['condition.too-large']],
    ['many stages', { id: 'r', from: 'a', key: 'k', pattern: { stages: stages(ruleLimits.stagesMax + 1), within: '1h' } }, ['rule.out-of-range']],
    ['many stages in groups', { id: 'r', from: 'a', key: 'k', pattern: { stages: [{ group: stages(ruleLimits.stagesMax) }], within: '1h' } }, ['rule.too-large']],
    ['many entries', when(leaf, { let: Object.fromEntries(Array.from({ length: ruleLimits.letsMax + 1 }, (_, i) => [`e${i}`, 'x'])) }), ['rule.bad-format']],
    ['many expressions', when({ all: new Array<JsonValue>(60).fill({ cel: `x > ${'1 + '.repeat(100)}x` }) }), ['cel.too-large']],
    ['many regular expressions', when({ any: new Array<JsonValue>(9).fill({ fact: 'x', operator: 'matches', value: '(a|b|c){100}' }) }), ['condition.regex']],
    ['a list of regular expressions', when({ fact: 'x', operator: 'someValue:matches', value: new Array<string>(9_000).fill('\\pL{200}') }), ['condition.regex']],
  ])('has its bounds: %s', (_name, document, codes) => {
    expect([...new Set(validateRule(document).problems.map(({ code }) => code))]).toEqual(codes);
  });

  it('takes no more than moments at the bounds', () => {
    const largest = [
      when({ fact: 'x', operator: 'in', value: Array.from({ length: ruleLimits.listValuesMax }, (_, i) => i) }),
      when({ all: new Array<JsonValue>(ruleLimits.conditionNodesMax - 1).fill(leaf) }),
      when({ any: new Array<JsonValue>(2_000).fill({ fact: 'x', operator: 'nosuch', value: 1 }) }),
      when({ all: Array.from({ length: 2_000 }, (_, i): JsonValue => ({ fact: `field${i}`, operator: 'equall', vlaue: 1 })) }),
      when({ all: new Array<JsonValue>(39).fill({ cel: `x > ${'1 + '.repeat(120)}x` }) }),
      when({ fact: 'x', operator: 'someValue:matches', value: ['\\PL'.repeat(300), '[^\\pL]'.repeat(150)] }),
    ];
    for (const document of largest) {
      const before = performance.now();
      validateRule(document);
      expect(performance.now() - before).toBeLessThan(2_000);
    }
  });
});
