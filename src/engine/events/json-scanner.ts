import { readPath } from '../../event/field-path.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { decodeUtf8 } from '../../state/bytes.js';
import { PLAIN, skipSpace } from './json-scan/ascii.js';
import { scanLimits } from './json-scan/limits.js';
import { NumberReader } from './json-scan/read-number.js';
import { planScan, startsAt, type KnownKey, type WantedFields, type WantedNode, type WantedPath } from './json-scan/scan-plan.js';
import { isDigit, skipPlain, skipString, skipValue } from './json-scan/skip-value.js';
import { TextCache } from './json-scan/text-cache.js';
import { TextMaker } from './json-scan/text-maker.js';

// constants of this file, not imported ones: only those are folded into the compiled code, an eighth of the time of a scan
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** instead of a place: the bytes are no JSON, or unusual */
const BAD = -1;
/** FNV-1a over the bytes of a text */
const HASH_SEED = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/**
 * Takes the values of some paths out of the bytes of a JSON object, in one pass and without an object for it. All of the text is
 * checked: where `scan` says yes, the values are what JSON.parse and `readPath` would have given. Where it says no, the text may be bad,
 * or just unusual (escapes in keys, deep nesting): ask JSON.parse.
 *
 * The idea of reading only what is wanted is Mison's (Li et al., VLDB 2017), that of expecting the keys of the last object too.
 */
export class JsonScanner {
  /** by place of the path: what the last `scan` found; `undefined` where the event has no such value */
  readonly values: FieldValue[];
  private readonly root: WantedFields;
  private readonly maker = new TextMaker();
  private readonly numbers = new NumberReader(this.maker);
  private readonly texts = new TextCache(this.maker);
  private bytes: Uint8Array = new Uint8Array(0);
  private event = 0;
  /** what `find` found besides where the key ends: what is wanted of it, and where in the order the next key is expected */
  private found: WantedNode | null = null;
  private expected = 0;

  constructor(paths: readonly WantedPath[]) {
    this.root = planScan(paths);
    this.values = new Array<FieldValue>(paths.length).fill(undefined);
  }

  /** @returns whether `values` now holds what the bytes say */
  scan(bytes: Uint8Array): boolean {
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = undefined;
    this.bytes = bytes;
    this.event = (this.event + 1) | 0;
    const start = skipSpace(bytes, 0);
    if (bytes[start] !== OPEN_BRACE) return false;
    const end = this.object(this.root, start + 1, 1);
    return end !== BAD && skipSpace(bytes, end) === bytes.length;
  }

  /** @param at behind the brace @returns behind the closing one, or `BAD`: so do the others below */
  private object(fields: WantedFields, at: number, depth: number): number {
    const { bytes } = this;
    const plain = PLAIN;
    const end = bytes.length;
    const first = skipSpace(bytes, at);
    if (bytes[first] === CLOSE_BRACE) return first + 1;
    let next = 0;
    for (;;) {
      const key = fields.order[next];
      let node: WantedNode | null;
      if (key !== undefined && startsAt(bytes, at, key.lead)) {
        at = skipSpace(bytes, at + key.lead.length);
        node = key.node;
        next++;
      } else {
        at = this.find(fields, at, next);
        if (at === BAD) return BAD;
        node = this.found;
        next = this.expected;
      }
      if (node !== null) at = this.value(node, at, depth);
      else if (bytes[at] === QUOTE) {
        // most of what is passed over are short texts: not worth a call
        for (at++; at < end && plain[bytes[at] as number] === 1; ) at++;
        at = bytes[at] === QUOTE ? at + 1 : skipString(bytes, at);
      } else at = skipValue(bytes, at, depth);
      if (at === BAD) return BAD;
      if (bytes[at] !== COMMA) {
        at = skipSpace(bytes, at);
        if (bytes[at] === CLOSE_BRACE) return at + 1;
        if (bytes[at] !== COMMA) return BAD;
      }
      at++;
    }
  }

  /** The key that comes at `at`, which is not the one that was expected next. @returns where its value begins */
  private find(fields: WantedFields, at: number, next: number): number {
    const { bytes } = this;
    const { order } = fields;
    const last = Math.min(order.length - 1, next + scanLimits.keysTriedMax);
    for (let i = next + 1; i <= last; i++) {
      const { lead, node } = order[i] as KnownKey;
      if (!startsAt(bytes, at, lead)) continue;
      this.found = node;
      this.expected = i + 1;
      return skipSpace(bytes, at + lead.length);
    }
    return this.lookUp(fields, at, next);
  }

  private lookUp(fields: WantedFields, at: number, next: number): number {
    const { bytes } = this;
    const from = skipSpace(bytes, at);
    if (bytes[from] !== QUOTE) return BAD;
    const plain = skipPlain(bytes, from + 1);
    // escapes may spell any name; a key with a character beyond ASCII is in no path
    if (bytes[plain] === BACKSLASH) return BAD;
    const to = skipString(bytes, plain);
    if (to === BAD) return BAD;
    const colon = skipSpace(bytes, to);
    if (bytes[colon] !== COLON) return BAD;
    const value = skipSpace(bytes, colon + 1);
    this.found = fields.lookUp(bytes, from);
    this.expected = fields.learn(bytes, at, value, this.found, next);
    return value;
  }

  private value(node: WantedNode, at: number, depth: number): number {
    const { bytes, values } = this;
    // the last of equal keys counts, and nothing of the others stays
    if (node.seenIn === this.event) for (const place of node.places) values[place] = undefined;
    node.seenIn = this.event;
    const byte = bytes[at] as number;
    if (byte === QUOTE) return this.text(node, at + 1);
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return this.container(node, at, depth);
    if (byte === MINUS || isDigit(byte)) {
      const end = this.numbers.read(bytes, at);
      if (node.place >= 0) values[node.place] = this.numbers.value;
      return end;
    }
    if (node.place >= 0) values[node.place] = byte === LOWER_N ? null : byte === LOWER_T;
    return skipValue(bytes, at, depth);
  }

  /** @param at behind the opening quote */
  private text(node: WantedNode, at: number): number {
    const { bytes, values } = this;
    const { place } = node;
    if (place < 0) return skipString(bytes, at);
    let to = at;
    if (node.interning) {
      const plain = PLAIN;
      const end = bytes.length;
      let hash = HASH_SEED;
      for (let byte; to < end && plain[(byte = bytes[to] as number)] === 1; to++) hash = Math.imul(hash ^ byte, HASH_PRIME);
      if (bytes[to] !== QUOTE) return this.unusualText(node, at, to);
      values[place] = this.interned(node, at, to, hash, true);
    } else {
      to = skipPlain(bytes, at);
      if (bytes[to] !== QUOTE) return this.unusualText(node, at, to);
      values[place] = this.maker.ascii(bytes, at, to);
      if (node.interned && --node.trialLeft === 0) startTrial(node);
    }
    return to + 1;
  }

  /** A text with escapes, or with characters beyond ASCII: the first of them is at `at`. */
  private unusualText(node: WantedNode, from: number, at: number): number {
    const { bytes, values } = this;
    const end = skipString(bytes, at);
    if (end === BAD) return BAD;
    const to = end - 1;
    let hash = HASH_SEED;
    let escaped = false;
    for (let i = from; i < to; i++) {
      const byte = bytes[i] as number;
      escaped ||= byte === BACKSLASH;
      hash = Math.imul(hash ^ byte, HASH_PRIME);
    }
    if (escaped) values[node.place] = this.parsed(from - 1, end);
    else values[node.place] = node.interning ? this.interned(node, from, to, hash, false) : this.maker.utf8(bytes, from, to);
    return end;
  }

  private interned(node: WantedNode, at: number, to: number, hash: number, ascii: boolean): string {
    if (to - at > scanLimits.internedBytesMax) return ascii ? this.maker.ascii(this.bytes, at, to) : this.maker.utf8(this.bytes, at, to);
    const { texts } = this;
    const before = texts.misses;
    const text = texts.get(this.bytes, at, to, hash, ascii);
    node.trialMisses += texts.misses - before;
    if (--node.trialLeft === 0) endTrial(node);
    return text;
  }

  /** An object or a list of which something is wanted. */
  private container(node: WantedNode, at: number, depth: number): number {
    const { bytes, values } = this;
    const { fields, place, rests } = node;
    const inside = fields !== null && bytes[at] === OPEN_BRACE;
    const end = !inside ? skipValue(bytes, at, depth) : depth < scanLimits.depthMax ? this.object(fields, at + 1, depth + 1) : BAD;
    if (end === BAD || (place < 0 && rests.length === 0)) return end;
    const value = this.parsed(at, end);
    if (place >= 0) values[place] = value;
    for (const rest of rests) values[rest.place] = readPath(value, rest.steps);
    return end;
  }

  /** The value that `bytes[at … to)` is known to spell: it begins with a quote, a brace or a bracket, so with no byte order mark. */
  private parsed(at: number, to: number): JsonValue {
    return JSON.parse(decodeUtf8(this.bytes.subarray(at, to))) as JsonValue;
  }
}

function startTrial(node: WantedNode): void {
  node.interning = true;
  node.trialLeft = scanLimits.internTrialTexts;
  node.trialMisses = 0;
}

/** Texts that are mostly new are not looked up for a while. */
function endTrial(node: WantedNode): void {
  if (node.trialMisses * 2 <= scanLimits.internTrialTexts) return startTrial(node);
  node.interning = false;
  node.trialLeft = scanLimits.internRestTexts;
}
