import { celHas, type Scalar } from './scalar.js';

/** @returns the call as CEL, or null where the arguments do not fit */
export type Build = (args: readonly string[], scalars: readonly Scalar[]) => string | null;

const call =
  (name: string, least: number, most = least): Build =>
  (args) =>
    args.length >= least && args.length <= most ? `${name}(${args.join(', ')})` : null;
const method =
  (name: string): Build =>
  (args) =>
    args.length === 1 ? `${args[0]}.${name}()` : null;

/** Functions of Flink SQL by their names there, and our own by theirs in CEL. */
export const FUNCTIONS: Readonly<Record<string, Build>> = {
  ABS: call('math.abs', 1),
  FLOOR: call('math.floor', 1),
  CEIL: call('math.ceil', 1),
  CEILING: call('math.ceil', 1),
  ROUND: call('math.round', 1),
  SQRT: call('math.sqrt', 1),
  LN: call('math.log', 1),
  POWER: call('math.pow', 2),
  GREATEST: call('math.max', 2, 16),
  LEAST: call('math.min', 2, 16),
  MOD: (args) => (args.length === 2 ? `(${args[0]} % ${args[1]})` : null),
  UPPER: method('upperAscii'),
  LOWER: method('lowerAscii'),
  TRIM: method('trim'),
  CHAR_LENGTH: call('size', 1),
  CHARACTER_LENGTH: call('size', 1),
  CONCAT: (args) => (args.length > 0 ? `(${args.join(' + ')})` : null),
  COALESCE: (args, scalars) => (args.length > 0 ? args.reduceRight((rest, arg, i) => `(${celHas(scalars[i] as Scalar)} ? ${arg} : ${rest})`) : null),
  MATCH_ROWTIME: (args) => (args.length <= 1 ? 'ts' : null),
  INLIST: call('inList', 2),
  'GEO.DISTANCEKM': call('geo.distanceKm', 4),
  'GEO.SPEEDKMH': call('geo.speedKmh', 6),
  HOUROFWEEK: call('hourOfWeek', 1, 2),
  HOUROFDAY: call('hourOfDay', 1, 2),
  DAYOFWEEK: call('dayOfWeek', 1, 2),
};

