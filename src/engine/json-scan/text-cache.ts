import { asciiText } from './ascii-text.js';
import { scanLimits } from './limits.js';

/** First value of the hash of a text (FNV-1a); each byte goes in with `hash = Math.imul(hash ^ byte, TEXT_HASH_PRIME)`. */
export const TEXT_HASH_SEED = 0x811c9dc5 | 0;
export const TEXT_HASH_PRIME = 0x01000193;

/**
 * Texts by their bytes, so that values that come again and again are made once: types, keys, countries. Two places for each hash;
 * a new text takes the place of an older one. Grows while texts come back more often than they are found.
 */
export class TextCache {
  private capacity = scanLimits.internedTextsMin;
  private hashes = new Int32Array(this.capacity);
  private texts: string[] = new Array<string>(this.capacity).fill('');
  private made = 0;
  private asked = 0;
  /** texts that had to be made since the cache exists */
  misses = 0;

  get size(): number {
    return this.capacity;
  }

  /** The text of `bytes[at … to)`, which are ASCII, at least one and at most `internedCharsMax`. */
  get(bytes: Uint8Array, at: number, to: number, hash: number): string {
    const place = this.placeOf(hash);
    if (this.hashes[place] === hash && isText(this.texts[place] as string, bytes, at, to)) return this.texts[place] as string;
    if (this.hashes[place + 1] === hash && isText(this.texts[place + 1] as string, bytes, at, to)) return this.texts[place + 1] as string;
    return this.add(bytes, at, to, hash, place);
  }

  private add(bytes: Uint8Array, at: number, to: number, hash: number, place: number): string {
    const text = asciiText(bytes, at, to);
    this.misses++;
    const victim = place + (++this.made & 1);
    this.hashes[victim] = hash;
    this.texts[victim] = text;
    if (this.made >= this.capacity * 2) this.grow();
    return text;
  }

  private grow(): void {
    this.made = 0;
    if (this.capacity >= scanLimits.internedTextsMax) return;
    const { hashes, texts } = this;
    this.capacity *= 4;
    this.hashes = new Int32Array(this.capacity);
    this.texts = new Array<string>(this.capacity).fill('');
    texts.forEach((text, i) => this.keep(text, hashes[i] as number));
  }

  private keep(text: string, hash: number): void {
    const place = this.placeOf(hash);
    const free = this.texts[place] === '' ? place : place + 1;
    this.hashes[free] = hash;
    this.texts[free] = text;
  }

  private placeOf(hash: number): number {
    return ((hash ^ (hash >>> 15)) << 1) & (this.capacity - 1);
  }
}

function isText(text: string, bytes: Uint8Array, at: number, to: number): boolean {
  const length = to - at;
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[at + i]) return false;
  return true;
}
