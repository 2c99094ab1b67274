import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A file of events, with the source that they are of where it was named. */
export interface Input {
  readonly source: string | undefined;
  /** `-` is stdin */
  readonly file: string;
}

/** A line with something in it, without its end. */
export interface Line {
  readonly bytes: Uint8Array;
  readonly input: Input;
  /** 1 for the first */
  readonly number: number;
}

/** Bytes of one read of a file: the lines of it are handed on at once. */
const READ_BYTES = 1 << 20;
const NEWLINE = 10;
/** bytes up to it are blanks and control characters */
const SPACE = 32;

export function inputOf(text: string): Input {
  const named = /^([A-Za-z0-9._-]+)=(.+)$/.exec(text);
  return named === null ? { source: undefined, file: text } : { source: named[1], file: named[2] as string };
}

/** Reads files of events line by line, in the order in which their events are run. */
export class LineReader {
  private readonly opened: { readonly bytesRead: number }[] = [];

  constructor(private readonly inputs: readonly Input[]) {}

  /** Bytes of all files as they lie on disk; null where one is read from stdin. */
  get size(): number | null {
    return this.inputs.some(({ file }) => file === '-') ? null : this.inputs.reduce((sum, { file }) => sum + statSync(file).size, 0);
  }

  /** Bytes of them that have been read. */
  get bytesRead(): number {
    return this.opened.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  }

  /** Lines in batches. Of several inputs the next line is that whose event is the earliest, as they stand; of one it is simply the next. */
  batches(): AsyncGenerator<Line[]> {
    const [only] = this.inputs;
    return this.inputs.length === 1 && only !== undefined ? this.linesOf(only) : this.merged();
  }

  private async *merged(): AsyncGenerator<Line[]> {
    const cursors = this.inputs.map((input) => ({ batches: this.linesOf(input), batch: [] as Line[], at: 0, time: Infinity }));
    type Cursor = (typeof cursors)[number];
    const advance = async (cursor: Cursor): Promise<void> => {
      cursor.at++;
      while (cursor.at >= cursor.batch.length) {
        const next = await cursor.batches.next();
        if (next.done === true) return void (cursor.time = Infinity);
        cursor.batch = next.value;
        cursor.at = 0;
      }
      cursor.time = timeOf(cursor.batch[cursor.at] as Line);
    };
    for (const cursor of cursors) await advance(cursor);
    let lines: Line[] = [];
    for (;;) {
      const open = cursors.filter(({ batch, at }) => at < batch.length);
      const first = open.reduce<Cursor | null>((a, b) => (a === null || b.time < a.time ? b : a), null);
      if (first === null) break;
      lines.push(first.batch[first.at] as Line);
      if (first.at + 1 < first.batch.length) {
        first.at++;
        first.time = timeOf(first.batch[first.at] as Line);
        continue;
      }
      yield lines;
      lines = [];
      await advance(first);
    }
    if (lines.length > 0) yield lines;
  }

  private async *linesOf(input: Input): AsyncGenerator<Line[]> {
    let rest: Buffer = Buffer.alloc(0);
    let number = 0;
    for await (const chunk of this.open(input.file)) {
      const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      const lines: Line[] = [];
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE, from); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        number++;
        if (!isBlank(bytes, from, end)) lines.push({ bytes: bytes.subarray(from, end), input, number });
        from = end + 1;
      }
      rest = bytes.subarray(from);
      if (lines.length > 0) yield lines;
    }
    if (!isBlank(rest, 0, rest.length)) yield [{ bytes: rest, input, number: number + 1 }];
  }

  private open(file: string): Readable {
    const bytes: Readable = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: READ_BYTES });
    this.opened.push(bytes as Readable & { readonly bytesRead: number });
    if (!file.endsWith('.gz')) return bytes;
    const text = bytes.pipe(createGunzip({ chunkSize: READ_BYTES }));
    bytes.on('error', (error) => text.destroy(error));
    return text;
  }
}

function isBlank(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if ((bytes[i] as number) > SPACE) return false;
  return true;
}

/** A guess at the time of a line, for merging only: the engine reads the declared field. */
function timeOf({ bytes }: Line): number {
  const found = /"(?:ts|time|timestamp|eventTime)"\s*:\s*(?:"([^"]+)"|(-?\d+))/.exec(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
  if (found === null) return -Infinity;
  return found[2] === undefined ? Date.parse(found[1] as string) : Number(found[2]);
}
