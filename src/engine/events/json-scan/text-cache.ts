import { scanLimits } from './limits.js';
import type { TextMaker } from './text-maker.js';

/** Bytes kept for each place: a power of two, so that a place's begin with a shift. */
const STRIDE = scanLimits.internedBytesMax;

/**
 * Texts by their bytes, so that values that come again and again are made once: types, countries, currencies. Each hash has two places;
 * a new text takes the place of an older one. Grows while many texts are new.
 */
export class TextCache {
  private capacity = 0;
  private hashes = new Int32Array(0);
  private texts: string[] = [];
  private lengths = new Uint8Array(0);
  private letters = new Uint8Array(0);
  private made = 0;
  /** texts that had to be made since there is this cache */
  misses = 0;

  constructor(private readonly maker: TextMaker) {
    this.resize(scanLimits.internedTextsMin);
  }

  /** How many texts it may hold now. */
  get size(): number {
    return this.capacity;
  }

  /**
   * The text of `bytes[at … to)`, at most `internedBytesMax` of them.
   * @param hash of the bytes
   * @param ascii whether they are ASCII, which is made faster than UTF-8
   */
  get(bytes: Uint8Array, at: number, to: number, hash: number, ascii: boolean): string {
    const place = ((hash ^ (hash >>> 15)) << 1) & (this.capacity - 1);
    if (this.hashes[place] === hash && this.holds(place, bytes, at, to)) return this.texts[place] as string;
    if (this.hashes[place + 1] === hash && this.holds(place + 1, bytes, at, to)) return this.texts[place + 1] as string;
    const text = ascii ? this.maker.ascii(bytes, at, to) : this.maker.utf8(bytes, at, to);
    this.add(bytes, at, to, hash, place, text);
    return text;
  }

  private holds(place: number, bytes: Uint8Array, at: number, to: number): boolean {
    const { letters } = this;
    const length = to - at;
    if (this.lengths[place] !== length) return false;
    const from = place * STRIDE;
    for (let i = 0; i < length; i++) if (letters[from + i] !== bytes[at + i]) return false;
    return true;
  }

  private add(bytes: Uint8Array, at: number, to: number, hash: number, place: number, text: string): void {
    this.misses++;
    if (++this.made > this.capacity * 2 && this.capacity < scanLimits.internedTextsMax) this.resize(this.capacity * 4);
    else this.keep(bytes, at, to, hash, place + (this.made & 1), text);
  }

  private keep(bytes: Uint8Array, at: number, to: number, hash: number, place: number, text: string): void {
    this.hashes[place] = hash;
    this.texts[place] = text;
    this.lengths[place] = to - at;
    for (let from = place * STRIDE - at, i = at; i < to; i++) this.letters[from + i] = bytes[i] as number;
  }

  /** Starts anew: what comes often is soon back. */
  private resize(capacity: number): void {
    this.capacity = capacity;
    this.made = 0;
    this.hashes = new Int32Array(capacity);
    this.texts = new Array<string>(capacity).fill('');
    this.lengths = new Uint8Array(capacity);
    this.letters = new Uint8Array(capacity * STRIDE);
  }
}
