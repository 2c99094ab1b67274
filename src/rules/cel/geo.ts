import { finite } from './cel-operators.js';

/** Mean radius of the earth, km (IUGG). */
export const EARTH_RADIUS_KM = 6371.0088;
const HOUR_MS = 3_600_000;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/**
 * Great-circle distance on a sphere of radius 6371.0088 km by the haversine formula.
 * @param lat1 degrees, −90 … 90; @param lon1 degrees, −180 … 180; likewise the second place
 * @returns km, or undefined for coordinates out of range
 */
export function distanceKm(lat1: number, lon1: number, lat2: number, lon2: number): number | undefined {
  if (Math.abs(lat1) > 90 || Math.abs(lat2) > 90 || Math.abs(lon1) > 180 || Math.abs(lon2) > 180) return undefined;
  const a = Math.sin(radians(lat2 - lat1) / 2) ** 2 + Math.cos(radians(lat1)) * Math.cos(radians(lat2)) * Math.sin(radians(lon2 - lon1) / 2) ** 2;
  return finite(2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(a))));
}

/**
 * Speed between two sightings, whichever came first.
 * @param ts1 epoch ms; @param ts2 epoch ms
 * @returns km/h; undefined at one instant: whoever calls says how long the shortest time is, e.g. `geo.distanceKm(…) / (math.max(ts - prev.ts, 1000) / 3600000)`
 */
export function speedKmh(lat1: number, lon1: number, ts1: number, lat2: number, lon2: number, ts2: number): number | undefined {
  const km = distanceKm(lat1, lon1, lat2, lon2);
  const ms = Math.abs(ts2 - ts1);
  return km === undefined || ms === 0 ? undefined : finite(km / (ms / HOUR_MS));
}
