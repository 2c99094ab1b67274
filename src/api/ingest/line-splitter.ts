import { GrowingBytes } from '../http/growing-bytes.js';

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines, blank ones left out and white space around a line removed. Holds at most one unfinished line
 * of `lineBytesMax`; what a longer line has beyond that is dropped as it comes.
 */
export class LineSplitter {
  private held = new GrowingBytes();
  private overlong = false;

  /** @param onLine gets a view of the bytes, or null for a line that is too long */
  constructor(
    private readonly lineBytesMax: number,
    private readonly onLine: (line: Buffer | null) => void,
  ) {}

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.finishLine(chunk, start, end);
      start = end + 1;
    }
    if (start < chunk.length) this.hold(chunk.subarray(start));
  }

  /** The last line needs no line break. */
  end(): void {
    this.finishLine(Buffer.alloc(0), 0, 0);
  }

  private finishLine(chunk: Buffer, start: number, end: number): void {
    if (this.held.length === 0 && !this.overlong) {
      this.give(chunk, start, end);
      return;
    }
    if (end > start) this.hold(chunk.subarray(start, end));
    const line = this.overlong ? null : this.held.take();
    this.overlong = false;
    if (line === null) this.onLine(null);
    else this.give(line, 0, line.length);
  }

  private give(bytes: Buffer, from: number, to: number): void {
    let start = from;
    let end = to;
    while (start < end && isSpace(bytes[start]!)) start++;
    while (start < end && isSpace(bytes[end - 1]!)) end--;
    if (start === end) return;
    this.onLine(end - start > this.lineBytesMax ? null : bytes.subarray(start, end));
  }

  private hold(part: Buffer): void {
    if (this.overlong) return;
    this.overlong = this.held.length + part.length > this.lineBytesMax;
    if (this.overlong) this.held.take();
    else this.held.add(part);
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
