import { describe, expect, it } from '@jest/globals';
import { NO_MATCH } from '../../src/event/match-view.js';
import type { FieldValue, JsonValue } from '../../src/event/stream-event.js';
import { compileCel } from '../../src/rules/cel/compile-cel.js';
import { newContext } from '../../src/rules/conditions/compile-context.js';
import { ruleLimits } from '../../src/rules/limits.js';
import { ListStore } from '../../src/rules/list-store.js';
import { Problems } from '../../src/rules/problem.js';
import { eventOf, newScope } from '../differential/condition-kit.js';

const PAYLOAD: JsonValue = {
  amount: 150,
  price: 0.29,
  text: 'Grüße, Welt',
  ip: '203.0.113.77',
  ip6: '2001:db8::1',
  flag: true,
  none: null,
  from: 'b',
  to: 'a',
  account: 'acc-1',
  at: '2026-01-01T00:00:00Z',
  tags: ['x', 'y', 'x'],
  numbers: [3, 1, 2],
  mixed: [1, 'a'],
  items: [{ sku: 'p', n: 2 }, { sku: 'q', n: 7 }],
  device: { id: 'd1', 'odd name': 1 },
  vienna: { lat: 48.2082, lon: 16.3738 },
  graz: { lat: 47.0707, lon: 15.4395 },
};

const lists = new ListStore();
lists.set('trusted:acc-1', '203.0.113.77');

function evaluate(text: string, params: Record<string, JsonValue> = { limit: 100, name: 'acc' }, ts = 1_767_225_600_000): FieldValue {
  const scope = newScope({ params, lists });
  const problems = new Problems();
  const cel = compileCel(text, [], newContext(scope, problems));
  if (problems.any) throw new Error(problems.list.map(({ code, message }) => `${code} ${message}`).join('; '));
  return cel.read(eventOf(scope.layout, PAYLOAD, { ts, type: 'payment', id: 'e1' }), NO_MATCH);
}

describe('values of expressions', () => {
  it.each<[string, FieldValue]>([
    // literals and arithmetic over doubles
    ['1 + 2 * 3', 7],
    ['7 / 2', 3.5],
    ['7 % 4', 3],
    ['-7 % 4', -3],
    ['-amount', -150],
    ['0x1F', 31],
    ['9007199254740991', 9007199254740991],
    ['1.5e3', 1500],
    ['"a" + "b"', 'ab'],
    ["r'\\d' + '\\u00e9'", '\\dé'],
    ['[1, 2] + [3]', [1, 2, 3]],
    ['amount / (amount - 150)', undefined],
    ['amount % (amount - 150)', undefined],
    ['amount + text', undefined],
    ['amount + nothing', undefined],
    ['amount * none', undefined],
    // comparison
    ['amount > params.limit', true],
    ['text < "H"', true],
    ['amount == 150', true],
    ['amount == text', undefined],
    ['amount != text', undefined],
    ['nothing != 5', undefined],
    ['none == null', true],
    ['amount != null', true],
    ['nothing == null', undefined],
    ['none == none', undefined],
    ['tags == ["x", "y", "x"]', true],
    ['device == device', true],
    ['tags == device', false],
    ['amount in [1, 150]', true],
    ['amount in [1, 2]', false],
    ['amount in ["a"]', undefined],
    ['"x" in tags', true],
    ['"z" in tags', false],
    ['1 in tags', undefined],
    ['"id" in device', true],
    ['"di" in device', false],
    ['amount in []', false],
    // logic: what is missing matters only where it decides
    ['flag && amount > 1', true],
    ['nothing > 1 && false', false],
    ['nothing > 1 || true', true],
    ['nothing > 1 && true', undefined],
    ['nothing > 1 || false', undefined],
    ['!flag', false],
    ['!(nothing > 1)', undefined],
    ['flag ? 1 : 2', 1],
    ['nothing > 1 ? 1 : 2', undefined],
    ['flag && amount', undefined],
    // facts
    ['device.id', 'd1'],
    ['device["id"]', 'd1'],
    ['device["odd name"]', 1],
    ['items[1].sku', 'q'],
    ['items[amount - 149].sku', 'q'],
    ['items[9].sku', undefined],
    ['fact("items[*].sku")', ['p', 'q']],
    ['fact("device.id")', 'd1'],
    ['event.type', 'payment'],
    ['ts', 1_767_225_600_000],
    ['has(device.id)', true],
    ['has(device.name)', false],
    ['has(nothing)', false],
    ['has(none)', false],
    ['!has(nothing) || nothing > 5', true],
    // functions
    ['size(text)', 11],
    ['size(tags)', 3],
    ['tags.size()', 3],
    ['size(device)', 2],
    ['size(amount)', undefined],
    ['string(amount) + "!"', '150!'],
    ['string(flag)', 'true'],
    ['int(3.9)', 3],
    ['int(-3.9)', -3],
    ['int("12")', 12],
    ['int("12" + account)', undefined],
    ['double("1.25")', 1.25],
    ['duration("1h30m")', 5_400_000],
    ['timestamp(at)', 1_767_225_600_000],
    ['ts - timestamp(at)', 0],
    ['math.abs(-2)', 2],
    ['math.round(price * 100)', 29],
    ['math.round(-2.5)', -3],
    ['math.round(2.5)', 3],
    ['math.floor(-2.5)', -3],
    ['math.ceil(2.1)', 3],
    ['math.max(amount, 1000)', 1000],
    ['math.max(numbers)', 3],
    ['math.min(3, 1, 2)', 1],
    ['math.min(mixed)', undefined],
    ['math.sqrt(16)', 4],
    ['math.sqrt(amount - 151)', undefined],
    ['math.pow(2, 10)', 1024],
    ['text.startsWith("Gr")', true],
    ['text.endsWith("Welt")', true],
    ['text.contains("ß")', true],
    ['text.matches("^Gr.*e")', true],
    ['text.matches("^x")', false],
    ['account.split("-")', ['acc', '1']],
    ['tags.join("|")', 'x|y|x'],
    ['text.substring(0, 4)', 'Grüß'],
    ['"A-b".lowerAscii() + "c".upperAscii()', 'a-bC'],
    ['" a ".trim()', 'a'],
    ['[from, to].sort()', ['a', 'b']],
    ['numbers.sort()', [1, 2, 3]],
    ['mixed.sort()', undefined],
    ['tags.distinct()', ['x', 'y']],
    ['numbers.sum()', 6],
    ['numbers.reverse()', [2, 1, 3]],
    ['net.cidr(ip, 24)', '203.0.113.0/24'],
    ['net.cidr(ip6, 24)', undefined],
    ['net.cidr(ip6, 24, 32)', '2001:db8:0:0:0:0:0:0/32'],
    ['net.cidr(text, 24)', undefined],
    ['net.inCidr(ip, "203.0.0.0/16")', true],
    ['inList("trusted:" + account, ip)', true],
    ['inList("trusted:" + account, "1.1.1.1")', false],
    ['inList("nobody", ip)', false],
    ['inList("trusted:" + nothing, ip)', undefined],
    ['hourOfWeek(ts, "UTC")', 72],
    ['hourOfWeek(ts)', 72],
    ['hourOfDay(ts, "Europe/Vienna")', 1],
    ['dayOfWeek(at, "America/New_York")', 2],
    // macros
    ['items.exists(i, i.n > 5)', true],
    ['items.all(i, i.n > 5)', false],
    ['items.exists_one(i, i.n > 5)', true],
    ['items.filter(i, i.n > 5)', [{ sku: 'q', n: 7 }]],
    ['items.filter(i, i.n > 5)[0].sku', 'q'],
    ['items.map(i, i.n * 2)', [4, 14]],
    ['items.map(i, i.n > 5, i.sku)', ['q']],
    ['items.map(i, i.price)', undefined],
    ['items.exists(i, i.n > amount || i.sku == "p")', true],
    ['tags.exists(t, tags.all(u, u == t))', false],
    ['nothing.exists(i, i > 1)', undefined],
    ['[1, 2, 3].filter(n, n > 1).size()', 2],
  ])('%s is %j', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });
});

describe('geography', () => {
  it('measures great circles on a sphere of radius 6371.0088 km', () => {
    expect(evaluate('geo.distanceKm(vienna.lat, vienna.lon, graz.lat, graz.lon)')).toBeCloseTo(144.56, 2);
    expect(evaluate('geo.distanceKm(0, 0, 0, 180)')).toBeCloseTo(Math.PI * 6371.0088, 6);
    expect(evaluate('geo.distanceKm(91, 0, 0, 0 * amount)')).toBeUndefined();
    expect(evaluate('geo.speedKmh(0, 0, 0, 0, 1, 3600000)')).toBeCloseTo((Math.PI * 6371.0088) / 180, 6);
    expect(evaluate('geo.speedKmh(0, 0, ts, 0, 1, ts)')).toBeUndefined();
  });
});

describe('bounds at run time', () => {
  it('gives no value for lists and texts that grew too long', () => {
    const scope = newScope();
    const context = newContext(scope, new Problems());
    const any = compileCel('big.exists(i, i == 1)', [], context);
    const twice = compileCel('long + long', [], context);
    const long = 'x'.repeat(ruleLimits.celTextCharsMax - 1);
    const event = eventOf(scope.layout, { big: new Array<number>(ruleLimits.scanElementsMax + 1).fill(1), long });
    expect([any.read(event, NO_MATCH), twice.read(event, NO_MATCH)]).toEqual([undefined, undefined]);
    const fitting = eventOf(scope.layout, { big: new Array<number>(ruleLimits.scanElementsMax).fill(1), long: 'x' });
    expect([any.read(fitting, NO_MATCH), twice.read(fitting, NO_MATCH)]).toEqual([true, 'xx']);
  });

  it('works out beforehand what does not depend on the event', () => {
    const scope = newScope({ params: { minTurns: 3, wait: '10m' } });
    const constantOf = (text: string): unknown => compileCel(text, [], newContext(scope, new Problems())).constant;
    expect([constantOf('params.minTurns + 1'), constantOf('duration(params.wait) * 2'), constantOf('[1, params.minTurns]'), constantOf('amount')]).toEqual([4, 1_200_000, [1, 3], undefined]);
  });
});
