import type { PatternState } from '../../cep/matcher.js';
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

/** Pattern state as a part of a key. Its deadlines wake the key, so it does not expire by itself. */
export class PatternPart implements Part {
  /** @param timed whether the passing of time can give an output, or only prunes what came to nothing */
  constructor(
    readonly state: PatternState,
    readonly timed: boolean,
  ) {}

  nextDeadline(): number {
    return this.timed ? this.state.nextDeadline() : this.state.restsAt();
  }

  expiresAt(): number {
    return this.state.isEmpty() ? -Infinity : Infinity;
  }

  get dropped(): number {
    return this.state.overflows;
  }

  clear(): void {
    this.state.clear();
  }

  write(out: ByteWriter): void {
    this.state.write(out);
  }

  read(from: ByteReader): void {
    this.state.read(from);
  }
}

/** Programs with more parts than this keep a key's few in a map: a key then costs what it has, not what there could be. */
const LISTED_MAX = 64;

/** The parts of one key by their number in the group's program. */
export class Parts {
  private readonly list: (Part | undefined)[] | null;
  private readonly map: Map<number, Part> | null;

  /** @param count how many parts the program has */
  constructor(count: number) {
    const listed = count <= LISTED_MAX;
    this.list = listed ? [] : null;
    this.map = listed ? null : new Map();
  }

  get(number: number): Part | undefined {
    return this.list === null ? (this.map as Map<number, Part>).get(number) : this.list[number];
  }

  set(number: number, part: Part): void {
    if (this.list === null) (this.map as Map<number, Part>).set(number, part);
    else {
      // a list without holes stays a fast one
      while (this.list.length < number) this.list.push(undefined);
      this.list[number] = part;
    }
  }

  /** Numbers of the parts that there are, ascending. */
  numbers(): number[] {
    if (this.list === null) return [...(this.map as Map<number, Part>).keys()].sort((a, b) => a - b);
    return this.list.flatMap((part, number) => (part === undefined ? [] : [number]));
  }

  /** When the last of them has expired: epoch ms, `Infinity` for never, `-Infinity` when all are empty now. */
  expiresAt(): number {
    let latest = -Infinity;
    if (this.list !== null) {
      for (let i = 0; i < this.list.length; i++) {
        const expires = this.list[i]?.expiresAt() ?? -Infinity;
        if (expires > latest) latest = expires;
      }
      return latest;
    }
    for (const part of (this.map as Map<number, Part>).values()) latest = Math.max(latest, part.expiresAt());
    return latest;
  }

  /**
   * When time next does something to a pattern, epoch ms; Infinity for never.
   * @param timed of those that the passing of time can give an output, or of the others, from which it only takes away
   */
  nextDeadline(timed: boolean): number {
    let next = Infinity;
    if (this.list !== null) {
      for (let i = 0; i < this.list.length; i++) {
        const part = this.list[i];
        if (part instanceof PatternPart && part.timed === timed) next = Math.min(next, part.nextDeadline());
      }
      return next;
    }
    for (const part of (this.map as Map<number, Part>).values()) if (part instanceof PatternPart && part.timed === timed) next = Math.min(next, part.nextDeadline());
    return next;
  }
}
