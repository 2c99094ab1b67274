import { readFileSync } from 'node:fs';

const NEWLINE = 0x0a;

/** The lines of a file that are not empty, as views of its bytes. */
export function readLines(file: string): Uint8Array[] {
  const bytes = readFileSync(file);
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, from);
    const to = end < 0 ? bytes.length : end;
    if (to > from) lines.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return lines;
}
