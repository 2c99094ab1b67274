import type { Screen } from '../../cep/pattern.js';
import { NO_MATCH, type MatchView } from '../../event/match-view.js';
import type { FieldValue, StreamEvent } from '../../event/stream-event.js';
import { EARTH_RADIUS_KM } from '../cel/geo.js';
import { NO_EVENT } from '../cel/expr.js';
import type { FarApart, TwoSightings } from '../cel/sightings.js';

const HOUR_MS = 3_600_000;
/** What the formulas of the bound and of the distance may differ by in their last digits, and much more. */
const SLACK = 1 + 1e-9;
const SLACK_KM = 1e-6;

/** One event, as conditions see an event that was taken. */
class OneTaken implements MatchView {
  event: StreamEvent = NO_EVENT;

  count(): number {
    return 1;
  }

  at(_stage: number, i: number): StreamEvent | undefined {
    return i === 0 ? this.event : undefined;
  }
}

const view = new OneTaken();

/** Latitudes, longitudes and times, epoch ms, between which events lie. */
class Box {
  /** an event is among them of which that cannot be said */
  odd = false;
  south = Infinity;
  north = -Infinity;
  west = Infinity;
  east = -Infinity;
  earliest = Infinity;
  latest = -Infinity;

  include(lat: number, lon: number, ts: number): void {
    if (lat < this.south) this.south = lat;
    if (lat > this.north) this.north = lat;
    if (lon < this.west) this.west = lon;
    if (lon > this.east) this.east = lon;
    if (ts < this.earliest) this.earliest = ts;
    if (ts > this.latest) this.latest = ts;
  }
}

/**
 * The box of latitudes, longitudes and times that holds all waiting events. No way on the sphere is longer than the one along a meridian
 * and then along a parallel, so the far sides of the box bound the distance of all of them. An event without a place, or at one that is
 * none, is for the condition itself to judge: with one in the box nothing is ruled out.
 */
export class DistanceScreen implements Screen {
  private readonly between: TwoSightings;
  private readonly atLeast: number;
  private box = new Box();
  /** of what was added since the last turn */
  private recent = new Box();

  constructor({ between, atLeast }: FarApart) {
    this.between = between;
    this.atLeast = atLeast;
  }

  add(event: StreamEvent): void {
    const { taken } = this.between;
    view.event = event;
    const lat = taken.lat(NO_EVENT, view);
    const lon = taken.lon(NO_EVENT, view);
    const ts = taken.ts === null ? 0 : taken.ts(NO_EVENT, view);
    if (isLatitude(lat) && isLongitude(lon) && typeof ts === 'number') {
      this.box.include(lat, lon, ts);
      this.recent.include(lat, lon, ts);
    } else this.box.odd = this.recent.odd = true;
  }

  turn(): void {
    this.box = this.recent;
    this.recent = new Box();
  }

  mayFit(event: StreamEvent): boolean {
    const { odd, south, north, west, east, earliest, latest } = this.box;
    if (odd) return true;
    const { lat: readLat, lon: readLon, ts: readTs } = this.between.current;
    const lat = readLat(event, NO_MATCH);
    const lon = readLon(event, NO_MATCH);
    if (!isLatitude(lat) || !isLongitude(lon)) return true;
    const degrees = Math.max(lat - south, north - lat) + Math.max(lon - west, east - lon);
    const kmMost = ((degrees * Math.PI) / 180) * EARTH_RADIUS_KM * SLACK + SLACK_KM;
    if (readTs === null) return kmMost >= this.atLeast;
    const ts = readTs(event, NO_MATCH);
    if (typeof ts !== 'number') return true;
    const hoursLeast = Math.max(0, ts - latest, earliest - ts) / HOUR_MS;
    return kmMost >= this.atLeast * hoursLeast;
  }
}

const isLatitude = (value: FieldValue): value is number => typeof value === 'number' && Math.abs(value) <= 90;
const isLongitude = (value: FieldValue): value is number => typeof value === 'number' && Math.abs(value) <= 180;
