import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { parseDuration } from '../duration.js';
import { instantOf } from '../text/instant.js';
import { networkText, parseNetwork } from '../text/ip-address.js';
import { ruleLimits } from '../limits.js';
import type { ValueType } from '../value-type.js';
import { finite } from './cel-operators.js';
import { distanceKm, speedKmh } from './geo.js';
import { listSteps, maxOf, minOf, sortedList } from './list-functions.js';
import { dayOfWeek, hourOfDay, hourOfWeek } from './calendar.js';

/** A function over values that are there and of its argument types; `undefined` is no value. */
export interface CelFunction {
  readonly args: readonly ValueType[];
  /** the last arguments that may be left out */
  readonly optional?: number;
  /** takes up to this many arguments, of the last type */
  readonly most?: number;
  readonly result: ValueType;
  readonly cost: number;
  readonly call: (...args: never[]) => FieldValue;
}

const chars = ruleLimits.celTextCharsMax / 1_000;
const short = (text: string): FieldValue => (text.length <= ruleLimits.celTextCharsMax ? text : undefined);
const list = (items: readonly JsonValue[]): FieldValue => (items.length <= ruleLimits.scanElementsMax ? items : undefined);
const number1 = (call: (x: number) => number): CelFunction => ({ args: ['number'], result: 'number', cost: 1, call: (x: number) => finite(call(x)) });
const text2 = (call: (text: string, part: string) => FieldValue, result: ValueType = 'boolean'): CelFunction => ({ args: ['string', 'string'], result, cost: chars, call });
const text1 = (call: (text: string) => string): CelFunction => ({ args: ['string'], result: 'string', cost: chars, call: (text: string) => short(call(text)) });
const list1 = (call: (items: readonly JsonValue[]) => FieldValue, result: ValueType): CelFunction => ({ args: ['list'], result, cost: listSteps, call: (items: readonly JsonValue[]) => (items.length <= ruleLimits.scanElementsMax ? call(items) : undefined) });
const calendar = (call: (ts: FieldValue, tz: string) => FieldValue): CelFunction => ({ args: ['any', 'string'], optional: 1, result: 'number', cost: 5, call: (ts: FieldValue, tz?: string) => call(ts, tz ?? 'UTC') });

function sizeOf(value: FieldValue): FieldValue {
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : undefined;
}

/** Half goes away from zero, as CEL's math extension has it. */
const round = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

/** Called as `name(…)` or `namespace.name(…)`. */
export const FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  size: { args: ['any'], result: 'number', cost: chars, call: sizeOf },
  string: { args: ['any'], result: 'string', cost: 1, call: (x: FieldValue) => (typeof x === 'object' || x === undefined ? undefined : String(x)) },
  int: { args: ['any'], result: 'number', cost: 1, call: (x: FieldValue) => numberFrom(x, Math.trunc) },
  double: { args: ['any'], result: 'number', cost: 1, call: (x: FieldValue) => numberFrom(x, (value) => value) },
  duration: { args: ['any'], result: 'number', cost: 1, call: (value: FieldValue) => parseDuration(value) ?? undefined },
  timestamp: { args: ['any'], result: 'number', cost: 1, call: (value: FieldValue) => instantOf(value) },
  hourOfWeek: calendar(hourOfWeek),
  hourOfDay: calendar(hourOfDay),
  dayOfWeek: calendar(dayOfWeek),
  'geo.distanceKm': { args: ['number', 'number', 'number', 'number'], result: 'number', cost: 10, call: distanceKm },
  'geo.speedKmh': { args: ['number', 'number', 'number', 'number', 'number', 'number'], result: 'number', cost: 10, call: speedKmh },
  'net.cidr': { args: ['string', 'number', 'number'], optional: 1, result: 'string', cost: 10, call: network },
  'net.inCidr': { args: ['string', 'string'], result: 'boolean', cost: 10, call: (ip: string, text: string) => parseNetwork(text)?.(ip) },
  'math.abs': number1(Math.abs),
  'math.floor': number1(Math.floor),
  'math.ceil': number1(Math.ceil),
  'math.round': number1(round),
  'math.trunc': number1(Math.trunc),
  'math.sqrt': number1(Math.sqrt),
  'math.log': number1(Math.log),
  'math.pow': { args: ['number', 'number'], result: 'number', cost: 1, call: (x: number, y: number) => finite(x ** y) },
  'math.min': { args: ['any'], most: 16, result: 'number', cost: listSteps, call: minOf },
  'math.max': { args: ['any'], most: 16, result: 'number', cost: listSteps, call: maxOf },
  'math.least': { args: ['any'], most: 16, result: 'number', cost: listSteps, call: minOf },
  'math.greatest': { args: ['any'], most: 16, result: 'number', cost: listSteps, call: maxOf },
};

/** Called as `value.name(…)`; the value is the first argument. */
export const METHODS: Readonly<Record<string, CelFunction>> = {
  size: FUNCTIONS.size as CelFunction,
  startsWith: text2((text, part) => text.startsWith(part)),
  endsWith: text2((text, part) => text.endsWith(part)),
  contains: text2((text, part) => text.includes(part)),
  lowerAscii: text1((text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())),
  upperAscii: text1((text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase())),
  trim: text1((text) => text.trim()),
  split: text2((text, separator) => list(text.split(separator, ruleLimits.scanElementsMax + 1)), 'list'),
  substring: { args: ['string', 'number', 'number'], optional: 1, result: 'string', cost: chars, call: substring },
  join: { args: ['list', 'string'], optional: 1, result: 'string', cost: listSteps, call: (items: readonly JsonValue[], separator?: string) => (items.length <= ruleLimits.scanElementsMax && items.every((item) => typeof item === 'string') ? short(items.join(separator ?? '')) : undefined) },
  sort: list1(sortedList, 'list'),
  distinct: list1((items) => [...new Map(items.map((item) => [JSON.stringify(item), item])).values()], 'list'),
  reverse: list1((items) => items.toReversed(), 'list'),
  sum: list1((items) => (items.every((item) => typeof item === 'number') ? finite(items.reduce((sum, item) => sum + item, 0)) : undefined), 'number'),
};

function numberFrom(value: FieldValue, then: (value: number) => number): FieldValue {
  if (typeof value === 'number') return finite(then(value));
  if (typeof value !== 'string' || !/^[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/.test(value)) return undefined;
  return finite(then(Number(value)));
}

function substring(text: string, start: number, end?: number): FieldValue {
  const characters = [...text];
  const stop = end ?? characters.length;
  return start >= 0 && start <= stop && stop <= characters.length ? characters.slice(start, stop).join('') : undefined;
}

/** The network of an IPv4 address, and with a third argument of an IPv6 address too. */
function network(ip: string, bits4: number, bits6?: number): FieldValue {
  const fits = (bits: number, most: number): boolean => Number.isInteger(bits) && bits >= 0 && bits <= most;
  if (!fits(bits4, 32) || (bits6 !== undefined && !fits(bits6, 128))) return undefined;
  return networkText(ip, bits4, bits6 ?? null);
}
