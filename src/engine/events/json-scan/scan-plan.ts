import { assert } from '../../../event/assert.js';
import type { PathStep } from '../../../event/field-path.js';
import { scanLimits } from './limits.js';

/** A path that is wanted. */
export interface WantedPath {
  readonly steps: readonly PathStep[];
  /** whether its texts may come again and again, so that interning them is worth a try */
  readonly interned: boolean;
}

/** What is taken out of a parsed value: `[0].sku` for `items[0].sku`. */
export interface Rest {
  readonly place: number;
  readonly steps: readonly PathStep[];
}

/** What is wanted of the value at one path of names. */
export class WantedNode {
  /** where the value itself goes; -1 where only something below it is wanted */
  place = -1;
  /** what goes on below here with an index or `[*]` */
  readonly rests: Rest[] = [];
  fields: WantedFields | null = null;
  /** places of everything at and below here */
  readonly places: number[] = [];
  /** whether its texts may be interned, and whether they are for now */
  interned = false;
  interning = false;
  /** texts after which that is decided again */
  trialLeft: number = scanLimits.internTrialTexts;
  /** how many of them were new */
  trialMisses = 0;
  /** number of the event that had this key last: to have it twice is to have it once, with the last value */
  seenIn = 0;
}

/** What stands between a comma or brace and a value, as `"amount": ` or `\n  "amount" :`, and what is wanted of the value. */
export interface KnownKey {
  readonly lead: Uint8Array;
  readonly node: WantedNode | null;
}

/** What is wanted of one object, and the keys that such objects had. */
export class WantedFields {
  /**
   * Keys in the order in which they came. Nearly all events of a source have the same ones in the same order, so that the next key is
   * compared, not looked up.
   */
  order: KnownKey[] = [];
  private readonly wanted: { readonly quoted: Uint8Array; readonly node: WantedNode }[] = [];
  private unexpected = 0;

  /** What is wanted of the value of a name, which is ASCII. */
  node(name: string): WantedNode {
    const quoted = Uint8Array.from(`"${name}"`, (letter) => letter.charCodeAt(0));
    const known = this.lookUp(quoted, 0);
    if (known !== null) return known;
    const node = new WantedNode();
    this.wanted.push({ quoted, node });
    return node;
  }

  /** What is wanted of the value whose key stands at `at`, quotes included. */
  lookUp(bytes: Uint8Array, at: number): WantedNode | null {
    for (const { quoted, node } of this.wanted) if (startsAt(bytes, at, quoted)) return node;
    return null;
  }

  /** Remembers what was not expected, `bytes[at … to)`. @returns the place in `order` from which on the next one is expected */
  learn(bytes: Uint8Array, at: number, to: number, node: WantedNode | null, next: number): number {
    if (++this.unexpected > scanLimits.unexpectedKeysMax) {
      this.unexpected = 0;
      this.order = [];
      next = 0;
    }
    if (this.order.length >= scanLimits.knownKeysMax || to - at > scanLimits.knownLeadBytesMax) return next;
    // a copy: the slice of a Node buffer would be a view of bytes that may be used again
    this.order.splice(next, 0, { lead: new Uint8Array(bytes.subarray(at, to)), node });
    return next + 1;
  }
}

/** Arranges paths by their names; the i-th of them has place i. No path may be there twice. */
export function planScan(paths: readonly WantedPath[]): WantedFields {
  const root = new WantedFields();
  paths.forEach((path, place) => plant(root, path, place));
  return root;
}

function plant(root: WantedFields, { steps, interned }: WantedPath, place: number): void {
  let fields = root;
  for (let i = 1; ; i++) {
    const node = fields.node(steps[i - 1] as string);
    node.places.push(place);
    const step = steps[i];
    if (step === undefined) {
      assert(node.place === -1, 'paths are different');
      node.place = place;
      node.interned = node.interning = interned;
      return;
    }
    if (typeof step === 'number' || step === '*') {
      node.rests.push({ place, steps: steps.slice(i) });
      return;
    }
    fields = node.fields ??= new WantedFields();
  }
}

/** Whether `part` stands at `at`. */
export function startsAt(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  const length = part.length;
  // to read past the end is not wrong, but slow
  if (at + length > bytes.length) return false;
  for (let i = 0; i < length; i++) if (part[i] !== bytes[at + i]) return false;
  return true;
}
