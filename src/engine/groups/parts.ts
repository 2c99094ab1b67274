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

/** Programs with more parts than this keep a key's few in a map: a key then costs what it has, not what there could be. */
const LISTED_MAX = 64;

/** The parts of one key by their number in the group's program. */
export class Parts {
  /** the part of a program that has one: no list is needed for it */
  private only: Part | undefined = undefined;
  private readonly list: (Part | undefined)[] | null;
  private readonly map: Map<number, Part> | null;

  /** @param count how many parts the program has */
  constructor(count: number) {
    this.list = count > 1 && count <= LISTED_MAX ? new Array<Part | undefined>(count).fill(undefined) : null;
    this.map = count > LISTED_MAX ? new Map() : null;
  }

  get(number: number): Part | undefined {
    if (this.list !== null) return this.list[number];
    return this.map === null ? (number === 0 ? this.only : undefined) : this.map.get(number);
  }

  set(number: number, part: Part): void {
    if (this.list !== null) this.list[number] = part;
    else if (this.map !== null) this.map.set(number, part);
    else this.only = part;
  }

  /** Numbers of the parts that there are, ascending. */
  numbers(): number[] {
    if (this.list !== null) return this.list.flatMap((part, number) => (part === undefined ? [] : [number]));
    if (this.map !== null) return [...this.map.keys()].sort((a, b) => a - b);
    return this.only === undefined ? [] : [0];
  }

  /** When the last of them has expired: epoch ms, `Infinity` for never, `-Infinity` when all are empty now. */
  expiresAt(): number {
    if (this.list === null && this.map === null) return this.only === undefined ? -Infinity : this.only.expiresAt();
    let latest = -Infinity;
    if (this.map !== null) {
      for (const part of this.map.values()) latest = Math.max(latest, part.expiresAt());
      return latest;
    }
    const list = this.list as (Part | undefined)[];
    for (let i = 0; i < list.length; i++) {
      const expires = list[i]?.expiresAt() ?? -Infinity;
      if (expires > latest) latest = expires;
    }
    return latest;
  }
}
