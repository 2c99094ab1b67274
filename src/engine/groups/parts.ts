import type { ByteReader, ByteWriter } from '../../state/bytes.js';

/** One piece of a key's state: an aggregate, a firing policy's memory, a pattern's partial matches. */
export interface Part {
  /** from this event time on it is as good as empty: epoch ms, `Infinity` if never, `-Infinity` when it is empty now */
  expiresAt(): number;
  /** what a bound made it forget so far: above 0, what the rule says of the key may be too little */
  readonly dropped: number;
  /** forgets everything but `dropped` */
  clear(): void;
  write(out: ByteWriter): void;
  read(from: ByteReader): void;
}

/** So many parts of a key are its own fields: most rules have one or two. */
const OWN = 2;
/** Programs with more parts than this keep a key's few in a map: a key then costs what it has, not what there could be. */
const LISTED_MAX = 64;

/** The parts of one key by their number in the group's program. */
export class Parts {
  private first: Part | undefined = undefined;
  private second: Part | undefined = undefined;
  /** by number less `OWN` */
  private readonly list: (Part | undefined)[] | null;
  private readonly map: Map<number, Part> | null;

  /** @param count how many parts the program has */
  constructor(count: number) {
    this.list = count > OWN && count <= LISTED_MAX ? new Array<Part | undefined>(count - OWN).fill(undefined) : null;
    this.map = count > LISTED_MAX ? new Map() : null;
  }

  /** Undefined for a number that is no part's, such as -1. */
  get(number: number): Part | undefined {
    if (number === 0) return this.first;
    if (number === 1) return this.second;
    if (number < 0) return undefined;
    return this.list !== null ? this.list[number - OWN] : this.map?.get(number);
  }

  set(number: number, part: Part): void {
    if (number === 0) this.first = part;
    else if (number === 1) this.second = part;
    else if (this.list !== null) this.list[number - OWN] = part;
    else this.map?.set(number, part);
  }

  /** Numbers of the parts that there are, ascending. */
  numbers(): number[] {
    const own = [this.first, this.second].flatMap((part, number) => (part === undefined ? [] : [number]));
    if (this.list !== null) return [...own, ...this.list.flatMap((part, i) => (part === undefined ? [] : [i + OWN]))];
    return this.map === null ? own : [...own, ...[...this.map.keys()].sort((a, b) => a - b)];
  }

  /** They have not all expired before, epoch ms: what the first of them says, so that the others need not be looked at. */
  earliestExpiry(): number {
    return this.first === undefined ? -Infinity : this.first.expiresAt();
  }

  /** When the last of them has expired: epoch ms, `Infinity` for never, `-Infinity` when all are empty now. */
  expiresAt(): number {
    const { first, second, list, map } = this;
    let latest = first === undefined ? -Infinity : first.expiresAt();
    if (second !== undefined) latest = Math.max(latest, second.expiresAt());
    if (list !== null) for (let i = 0; i < list.length; i++) latest = Math.max(latest, list[i]?.expiresAt() ?? -Infinity);
    if (map !== null) for (const part of map.values()) latest = Math.max(latest, part.expiresAt());
    return latest;
  }
}
