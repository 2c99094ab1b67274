import { dice } from '../../dice.js';
import type { JsonValue } from '../../../src/event/stream-event.js';

/** One end of a comparison: rules, and a stream of events that never ends. */
export interface GrowthCase {
  readonly rules: readonly JsonValue[];
  /** settings of the source beside topic, time, type and id */
  readonly source?: Readonly<Record<string, JsonValue>>;
  /** events that bring the state to its size before anything is measured */
  readonly warmUp: number;
  /** events of the measurement */
  readonly events: number;
  /** a new stream; the same for every call */
  stream(): () => JsonValue;
}

/** What may grow, and by how much an event may then cost more. */
export interface GrowthRatio {
  readonly name: string;
  /** what grows, and what stays as it is */
  readonly what: string;
  readonly from: string;
  readonly to: string;
  /** largest quotient of the costs of one event: a time, at minima of several runs */
  readonly timeAtMost: number;
  /** the same for blocks of code run: what holds, with little room, since it is exact */
  readonly blocksAtMost: number;
  readonly base: GrowthCase;
  readonly grown: GrowthCase;
}

/** First time of every stream, epoch ms. */
export const BEGIN_MS = 1_767_225_600_000;

export interface EventFields {
  readonly ts: number;
  readonly key: number;
  readonly type?: string;
  readonly amountMinor?: number;
  readonly merchant?: number;
  readonly lat?: number;
  readonly lon?: number;
}

/** An event with the fields of the benchmark's workloads. */
export function makeEvent(n: number, { ts, key, type = 'payment', amountMinor = 0, merchant = 0, lat = 52.52, lon = 13.4 }: EventFields): JsonValue {
  const padded = String(key).padStart(7, '0');
  return {
    id: `e${n}`, type, ts, card: `c${padded}`, user: `u${padded}`, order: `o${padded}`, merchant: `m${String(merchant).padStart(5, '0')}`, device: `d${key % 1_000}`,
    amountMinor, currency: 'EUR', country: 'DE', ip: `10.${key & 255}.${(key >> 8) & 255}.${n & 255}`, channel: 'ecom', lat, lon,
  };
}

/** Events one after the other, `stepMs` apart on average, each made by `fields` from its number and time. */
export function streamOf(stepMs: number, fields: (n: number, random: () => number) => Omit<EventFields, 'ts'>, seed = 1): () => () => JsonValue {
  return () => {
    const random = dice(seed);
    let [ts, n] = [BEGIN_MS, 0];
    return () => {
      ts += random() * 2 * stepMs;
      return makeEvent(n, { ts: Math.floor(ts), ...fields(n++, random) });
    };
  };
}
