import type { EventReader } from '../../event/match-view.js';

/** Where, and as far as it matters when, an event was. */
export interface Sighting {
  /** degrees */
  readonly lat: EventReader;
  /** degrees */
  readonly lon: EventReader;
  /** epoch ms; null where only the distance matters */
  readonly ts: EventReader | null;
}

/** The sightings between which a distance or a speed is asked: one of an event taken before, one of the event at hand. */
export interface TwoSightings {
  readonly taken: Sighting;
  readonly current: Sighting;
}

/** A condition can hold only where two sightings are this far apart, or where one cannot have come from one to the other more slowly. */
export interface FarApart {
  readonly between: TwoSightings;
  /** km, or km/h where the sightings have times; open ends count as closed */
  readonly atLeast: number;
}
