import { describe, expect, it } from '@jest/globals';
import { EventDecoder } from '../../src/engine/events/event-decoder.js';
import { emptyEventRecord } from '../../src/engine/events/event-record.js';
import { scanLimits } from '../../src/engine/events/json-scan/limits.js';
import { planScan } from '../../src/engine/events/json-scan/scan-plan.js';
import { TextCache } from '../../src/engine/events/json-scan/text-cache.js';
import { TextMaker } from '../../src/engine/events/json-scan/text-maker.js';
import { JsonScanner } from '../../src/engine/events/json-scanner.js';
import { parsePath } from '../../src/event/field-path.js';
import type { FieldValue } from '../../src/event/stream-event.js';
import { sourceSchema } from '../../src/rules/source-schema.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const scannerOf = (...paths: string[]): JsonScanner => new JsonScanner(paths.map((path) => ({ steps: parsePath(path) ?? [], interned: true })));

/** Values by place, or null where the scanner leaves the text to JSON.parse. */
function scanned(scanner: JsonScanner, text: string): FieldValue[] | null {
  return scanner.scan(bytesOf(text)) ? [...scanner.values] : null;
}

describe('what the scanner finds', () => {
  it.each<[string, FieldValue[]]>([
    ['{}', [undefined, undefined]],
    [' {\n"a" :\t1 , "b" : "x" }\r\n', [1, undefined]],
    ['{"a":1,"a":"two"}', ['two', undefined]],
    ['{"a":{"b":1},"a":{}}', [{}, undefined]],
    ['{"a":{"b":1},"a":3}', [3, undefined]],
    ['{"a":{"b":1,"b":{"c":[null,true,false]}}}', [{ b: { c: [null, true, false] } }, { c: [null, true, false] }]],
    ['{"a":[{"b":1}]}', [[{ b: 1 }], undefined]],
    ['{"a":-0}', [-0, undefined]],
    ['{"a":1e400}', [Infinity, undefined]],
    ['{"a":9007199254740993}', [9007199254740992, undefined]],
    ['{"a":0.1}', [0.1, undefined]],
    ['{"a":123456789.012345}', [123456789.012345, undefined]],
    ['{"a":"\\ud800\\u0041\\n"}', ['\ud800A\n', undefined]],
    ['{"a":"\ufeffZürich 東京 \u{1f600}"}', ['\ufeffZürich 東京 \u{1f600}', undefined]],
    ['{"ключ":1,"a":null}', [null, undefined]],
  ])('in %j', (text, values) => expect(scanned(scannerOf('a', 'a.b'), text)).toStrictEqual(values));

  it('has own names only', () => {
    expect(scanned(scannerOf('__proto__', 'constructor.name', 'toString'), '{"__proto__":1,"x":2}')).toStrictEqual([1, undefined, undefined]);
  });

  it('goes into lists where a path does', () => {
    expect(scanned(scannerOf('a[1].b', 'a[*].b', 'a[0]', 'c[*]'), '{"c":{},"a":[{"b":"x"},{"b":"y"},3]}')).toStrictEqual(['y', ['x', 'y'], { b: 'x' }, undefined]);
  });
});

describe('what the scanner leaves to JSON.parse', () => {
  it.each(['', ' ', 'null', '[]', '"a"', '1', '\ufeff{}', '{"a":1}x', '{"a":1}{}', '{"a":1,}', '{,"a":1}', '{"a"}', '{"a":}', '{a:1}', "{'a':1}", '{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":+1}', '{"a":-}', '{"a":1e}', '{"a":nul}', '{"a":truer}', '{"a":NaN}', '{"a":[1,]}', '{"a":[1 2]}', '{"a":"\n"}', '{"a":"\\x"}', '{"a":"\\u12g4"}', '{"\\u0061":1}', '{"a":1 "b":2}'])(
    '%j',
    (text) => expect(scanned(scannerOf('a'), text)).toBeNull(),
  );

  it.each([[0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff]])('bytes that are not UTF-8, in what is wanted and elsewhere: %j', (...bad) => {
    for (const [before, after] of [['{"a":"', '"}'], ['{"b":"', '"}'], ['{"', '":1}']] as const) {
      expect(scannerOf('a').scan(Uint8Array.from([...bytesOf(before), ...bad, ...bytesOf(after)]))).toBe(false);
    }
  });

  it('every part of an event that lacks its end', () => {
    const bytes = bytesOf('{"a":{"b":[1.5e3,"é\\n",true]},"c":null,"ts":1767225600039,"d":"\u{1f600}"}');
    const scanner = scannerOf('a.b', 'c', 'ts', 'd');
    expect(scanner.scan(bytes)).toBe(true);
    for (let length = 0; length < bytes.length; length++) expect(scanner.scan(bytes.subarray(0, length))).toBe(false);
  });
});

describe('bounds of the scanner', () => {
  const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

  it('leaves deeper nesting to JSON.parse, in what is wanted and elsewhere', () => {
    for (const path of ['a', 'b']) {
      expect(scannerOf(path).scan(bytesOf(nested(scanLimits.depthMax)))).toBe(true);
      expect(scannerOf(path).scan(bytesOf(nested(scanLimits.depthMax + 1)))).toBe(false);
    }
    const names = (levels: number): string => Array.from({ length: levels }, () => 'a').join('.');
    const objects = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect(scanned(scannerOf(names(scanLimits.depthMax)), objects(scanLimits.depthMax))).toEqual([1]);
    expect(scanned(scannerOf(names(scanLimits.depthMax + 1)), objects(scanLimits.depthMax + 1))).toBeNull();
  });

  it('finds the last of more keys than it remembers, and one longer than it remembers', () => {
    const long = 'k'.repeat(scanLimits.knownLeadBytesMax);
    const scanner = scannerOf('last', long);
    const names = Array.from({ length: scanLimits.knownKeysMax + 10 }, (_, i) => `n${i}`);
    for (let round = 0; round < 3; round++) {
      expect(scanned(scanner, `{${names.map((name) => `"${name}":0,`).join('')}"last":${round},"${long}":true}`)).toEqual([round, true]);
    }
  });

  it('remembers so many keys of an object at most, and learns anew when they are seldom the right ones', () => {
    const fields = planScan([{ steps: ['a'], interned: false }]);
    const learn = (i: number): number => fields.learn(bytesOf(`"n${i}":`), 0, `"n${i}":`.length, null, 0);
    for (let i = 0; i < scanLimits.unexpectedKeysMax; i++) learn(i);
    expect(fields.order).toHaveLength(scanLimits.knownKeysMax);
    learn(0);
    expect(fields.order).toEqual([{ lead: bytesOf('"n0":'), node: null }]);
  });

  it('goes on with keys in another order, missing or added', () => {
    const scanner = scannerOf('a', 'b');
    const found = ['{"a":1,"x":0,"b":2}', '{"b":3,"a":4}', '{"x":0,"y":0,"z":0,"p":0,"q":0,"b":5}', '{"a":6,"b":7}', '{"b":8}'].map((text) => scanned(scanner, text));
    expect(found).toEqual([[1, 2], [4, 3], [undefined, 5], [6, 7], [undefined, 8]]);
  });

  it('does not take remembered keys for those of bytes that were used again', () => {
    const decoder = new EventDecoder('s', sourceSchema.parse({ topic: 't', eventTime: { field: 'ts' }, type: { field: 'type' } }));
    const buffer = Buffer.alloc(64);
    const event = emptyEventRecord();
    const codeOf = (text: string): string | undefined => decoder.decode(buffer.subarray(0, buffer.write(text)), event)?.code;
    expect(codeOf('{"type":"a","ts":1}')).toBeUndefined();
    expect(codeOf('{"else":"b","ts":1}')).toBe('event.missing-type');
  });

  it('gives a text as often as it comes, however many others come between', () => {
    const scanner = scannerOf('a');
    const different = scanLimits.internTrialTexts + 10;
    for (let i = 0; i < different + scanLimits.internRestTexts; i++) {
      const text = i < different ? `text-${i}` : `é-${i % 7}`;
      if (!scanner.scan(bytesOf(`{"a":"${text}"}`)) || scanner.values[0] !== text) throw new Error(`${text} was read as ${String(scanner.values[0])}`);
    }
  });
});

describe('texts that are made of bytes', () => {
  const maker = new TextMaker();
  it.each(['x', 'é', '東', '\u{1f600}', '\ufeff'])('of %j in every length up to beyond what is made from codes', (letter) => {
    for (let length = 0; length <= scanLimits.shortTextChars + 2; length++) {
      const text = letter.repeat(length);
      const bytes = bytesOf(`"${text}"`);
      expect(maker.utf8(bytes, 1, bytes.length - 1)).toBe(text);
      if (letter === 'x') expect(maker.ascii(bytes, 1, bytes.length - 1)).toBe(text);
    }
  });

  it('are kept up to a number, and told apart where hashes are equal', () => {
    const cache = new TextCache(maker);
    const get = (text: string, hash: number): string => cache.get(bytesOf(text), 0, text.length, hash, true);
    expect(cache.size).toBe(scanLimits.internedTextsMin);
    for (let i = 0; i < scanLimits.internedTextsMax * 10; i++) expect(get(`t${i}`, i % 5)).toBe(`t${i}`);
    expect(cache.size).toBe(scanLimits.internedTextsMax);
    const { misses } = cache;
    expect([get('again', 99), get('again', 99), get('aga', 99), get('again', 99)]).toEqual(['again', 'again', 'aga', 'again']);
    expect(cache.misses).toBe(misses + 2);
  });
});
