import type { FieldValue } from '../../event/stream-event.js';
import { zoneOffset, type ZoneOffset } from '../../state/time-zone.js';
import { instantOf } from '../text/instant.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The epoch was a Thursday; weeks begin on Monday. */
const EPOCH_DAY = 3;

/** Zones met so far. The platform knows some hundred, so this is bounded by their number. */
const zones = new Map<string, ZoneOffset | null>();

/** Whether the platform knows the zone. */
export function isZone(tz: string): boolean {
  try {
    zone(tz);
    return true;
  } catch {
    return false;
  }
}

function zone(tz: string): ZoneOffset | null {
  let found = zones.get(tz);
  if (found === undefined) {
    found = zoneOffset(tz);
    if (zones.size < 1_000) zones.set(tz, found);
  }
  return found;
}

function localMs(ts: FieldValue, tz: string): number | undefined {
  const ms = instantOf(ts);
  if (ms === undefined || !isZone(tz)) return undefined;
  return ms + (zone(tz)?.(ms) ?? 0);
}

/** @returns 0 … 167; 0 is Monday 00:00–00:59, local time */
export function hourOfWeek(ts: FieldValue, tz: string): number | undefined {
  const local = localMs(ts, tz);
  return local === undefined ? undefined : weekDay(local) * 24 + hour(local);
}

/** @returns 0 … 23, local time */
export function hourOfDay(ts: FieldValue, tz: string): number | undefined {
  const local = localMs(ts, tz);
  return local === undefined ? undefined : hour(local);
}

/** @returns 0 (Monday) … 6 (Sunday), local time */
export function dayOfWeek(ts: FieldValue, tz: string): number | undefined {
  const local = localMs(ts, tz);
  return local === undefined ? undefined : weekDay(local);
}

const weekDay = (local: number): number => modulo(Math.floor(local / DAY_MS) + EPOCH_DAY, 7);
const hour = (local: number): number => Math.floor(modulo(local, DAY_MS) / HOUR_MS);
const modulo = (a: number, b: number): number => ((a % b) + b) % b;
