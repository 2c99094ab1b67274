import type { Expr } from './expr.js';
import type { FarApart, Sighting, TwoSightings } from './sightings.js';

/** Between what `geo.distanceKm` or `geo.speedKmh` measures; undefined where that is not an event taken and the event at hand. */
export function sightingsOf(name: string, args: readonly Expr[]): TwoSightings | undefined {
  const half = name === 'geo.distanceKm' ? 2 : name === 'geo.speedKmh' ? 3 : 0;
  if (half === 0 || args.length !== half * 2) return undefined;
  const [first, second] = [args.slice(0, half), args.slice(half)];
  if (first.every(isTaken) && second.every(isCurrent)) return { taken: sighting(first), current: sighting(second) };
  return first.every(isCurrent) && second.every(isTaken) ? { taken: sighting(second), current: sighting(first) } : undefined;
}

/** What a comparison or a conjunction says of two sightings. */
export function apartOf(op: string, left: Expr, right: Expr): FarApart | undefined {
  switch (op) {
    case '&&':
      return left.apart ?? right.apart;
    case '>':
    case '>=':
      return bound(left, right);
    case '<':
    case '<=':
      return bound(right, left);
    default:
      return undefined;
  }
}

const isTaken = ({ ofTaken }: Expr): boolean => ofTaken === true;
const isCurrent = ({ fact }: Expr): boolean => fact !== undefined;

function sighting([lat, lon, ts]: readonly Expr[]): Sighting {
  return { lat: (lat as Expr).read, lon: (lon as Expr).read, ts: ts?.read ?? null };
}

function bound({ between }: Expr, { constant }: Expr): FarApart | undefined {
  return between !== undefined && typeof constant === 'number' ? { between, atLeast: constant } : undefined;
}
