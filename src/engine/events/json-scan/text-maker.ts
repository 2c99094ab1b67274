import { decodeUtf8 } from '../../../state/bytes.js';
import { scanLimits } from './limits.js';

/**
 * Makes texts of parts of the bytes. Short ones, which most ids, keys and names are, are made from their codes: two to five times as
 * fast as the platform's decoder, and without a view of the bytes.
 */
export class TextMaker {
  /** by length: room for the codes of a text, used again and again */
  private readonly rooms: number[][] = [];

  /** The text of `bytes[at … to)`, which are ASCII. */
  ascii(bytes: Uint8Array, at: number, to: number): string {
    const length = to - at;
    if (length > scanLimits.shortTextChars) return decodeUtf8(bytes.subarray(at, to));
    const codes = this.rooms[length] ?? this.room(length);
    for (let i = 0; i < length; i++) codes[i] = bytes[at + i] as number;
    return String.fromCharCode.apply(null, codes);
  }

  /** The text of `bytes[at … to)`, which are UTF-8. */
  utf8(bytes: Uint8Array, at: number, to: number): string {
    const length = unitsIn(bytes, at, to);
    if (length > scanLimits.shortTextChars) return longText(bytes, at, to);
    const codes = this.rooms[length] ?? this.room(length);
    for (let i = 0; i < length; i++) {
      const byte = bytes[at] as number;
      if (byte < 0x80) {
        codes[i] = byte;
        at++;
      } else if (byte < 0xe0) {
        codes[i] = ((byte & 0x1f) << 6) | follower(bytes, at + 1);
        at += 2;
      } else if (byte < 0xf0) {
        codes[i] = ((byte & 0x0f) << 12) | (follower(bytes, at + 1) << 6) | follower(bytes, at + 2);
        at += 3;
      } else {
        const beyond = (((byte & 0x07) << 18) | (follower(bytes, at + 1) << 12) | (follower(bytes, at + 2) << 6) | follower(bytes, at + 3)) - 0x10000;
        codes[i++] = 0xd800 | (beyond >> 10);
        codes[i] = 0xdc00 | (beyond & 0x3ff);
        at += 4;
      }
    }
    return String.fromCharCode.apply(null, codes);
  }

  private room(length: number): number[] {
    while (this.rooms.length <= length) this.rooms.push(new Array<number>(this.rooms.length).fill(0));
    return this.rooms[length] as number[];
  }
}

/** UTF-16 units of the text. */
function unitsIn(bytes: Uint8Array, at: number, to: number): number {
  let units = 0;
  for (; at < to; at++) {
    const byte = bytes[at] as number;
    if ((byte & 0xc0) !== 0x80) units += byte < 0xf0 ? 1 : 2;
  }
  return units;
}

const follower = (bytes: Uint8Array, at: number): number => (bytes[at] as number) & 0x3f;

function longText(bytes: Uint8Array, at: number, to: number): string {
  const text = decodeUtf8(bytes.subarray(at, to));
  // the decoder takes a byte order mark away; within a value it is a character
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf ? `\ufeff${text}` : text;
}
