import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arrayElements } from '../../src/api/ingest/array-elements.js';
import { LineSplitter } from '../../src/api/ingest/line-splitter.js';

/** Cuts bytes at the given places (in any order, wrapped to the length). */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
}

function linesOf(chunks: readonly Buffer[], lineBytesMax: number): (string | null)[] {
  const lines: (string | null)[] = [];
  const splitter = new LineSplitter(lineBytesMax, (line) => lines.push(line === null ? null : line.toString('utf8')));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

describe('splitting lines', () => {
  it('gives the same lines however the bytes are cut', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 12 })), fc.array(fc.nat()), (texts, places) => {
        const text = texts.map((line) => line.replaceAll('\n', ' ')).join('\n');
        const expected = text.split('\n').map((line) => line.replace(/^[ \t\r]+|[ \t\r]+$/g, '')).filter((line) => line !== '');
        expect(linesOf(cut(Buffer.from(text), places), 1_000)).toEqual(expected);
      }),
    ));

  it('reports a line that is too long, and goes on after it', () => {
    const text = Buffer.from(`abc\n${'x'.repeat(20)}\ndef\n${'y'.repeat(10)}\n${'z'.repeat(11)}`);
    for (const size of [1, 3, 7, 100]) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.subarray(i * size, (i + 1) * size));
      expect(linesOf(chunks, 10)).toEqual(['abc', null, 'def', 'yyyyyyyyyy', null]);
    }
  });
});

describe('elements of an array', () => {
  it('are those that JSON.parse finds', () =>
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom('', ' ', '\n\t'), (values, space) => {
        const text = `${space}[${space}${values.map((value) => JSON.stringify(value, null, 1)).join(`${space},${space}`)}${space}]${space}`;
        const body = Buffer.from(text);
        const elements = arrayElements(body)!.map(({ start, end }) => JSON.parse(body.toString('utf8', start, end)) as unknown);
        expect(elements).toEqual(JSON.parse(text));
      }),
    ));

  it('are none of what is not an array, and all parse only if the whole does', () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[],:"\\1 a') }), (inside) => {
        const body = Buffer.from(`[${inside}]`);
        const parses = (text: string) => {
          try {
            JSON.parse(text);
            return true;
          } catch {
            return false;
          }
        };
        const elements = arrayElements(body);
        const all = elements !== null && elements.every(({ start, end }) => parses(body.toString('utf8', start, end)));
        expect(all).toBe(parses(body.toString('utf8')));
      }),
    ));
});
