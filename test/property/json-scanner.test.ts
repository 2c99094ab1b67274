import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { EventDecoder } from '../../src/engine/events/event-decoder.js';
import { emptyEventRecord } from '../../src/engine/events/event-record.js';
import { JsonScanner } from '../../src/engine/events/json-scanner.js';
import { parsePath, readPath } from '../../src/event/field-path.js';
import { SlotLayout } from '../../src/event/slot-layout.js';
import type { FieldValue, JsonValue } from '../../src/event/stream-event.js';
import { sourceSchema, type SourceInput } from '../../src/rules/source-schema.js';
import { anyBytes, usualDocument } from './json-arbitrary.js';

const RUNS = Number(process.env['FC_RUNS'] ?? 5_000);

/** Paths of every form, some of them below others. */
const PATHS = ['a', 'a.b', 'a.b.c', 'b[0]', 'b[1].a', 'b[*].a', 'c.a[*]', 'c', 'c.longerName', 'ts', '__proto__', 'a.__proto__', 'constructor', 'toString.a', 'x$-@', 'id'];
const wanted = PATHS.map((path) => ({ steps: parsePath(path) ?? [], interned: path !== 'id' }));
const decoder = new TextDecoder('utf-8', { fatal: true });

function parsed(bytes: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(decoder.decode(bytes)) as JsonValue;
  } catch {
    return undefined;
  }
}

function expected(document: JsonValue): FieldValue[] {
  return wanted.map(({ steps }) => readPath(document, steps));
}

function expectSame(found: unknown, expectedValue: unknown): void {
  if (!isDeepStrictEqual(found, expectedValue)) expect(found).toStrictEqual(expectedValue);
}

it('finds in whatever bytes what JSON.parse finds, or leaves them alone', () => {
  const scanner = new JsonScanner(wanted);
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      if (!scanner.scan(bytes)) return;
      const document = parsed(bytes);
      if (document === undefined) throw new Error('took for JSON what is none');
      expectSame(scanner.values, expected(document));
    }),
    { numRuns: RUNS },
  );
});

it('reads every document itself that has ordinary keys', () => {
  const scanner = new JsonScanner(wanted);
  fc.assert(
    fc.property(usualDocument, (text) => {
      expect(scanner.scan(new TextEncoder().encode(text))).toBe(true);
      expectSame(scanner.values, expected(JSON.parse(text) as JsonValue));
    }),
    { numRuns: RUNS },
  );
});

const sources: SourceInput[] = [
  { topic: 't', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' } },
  { topic: 't', eventTime: { field: 'a', unit: 's' }, type: { value: 'payment' } },
  { topic: 't', eventTime: { field: 'a.ts', unit: 'iso' }, type: { field: 'b[0].type' }, id: { field: 'a.b' } },
];
it.each(sources)('decodes every event of a source as JSON.parse does: $eventTime.field', (source) => {
  const definition = sourceSchema.parse(source);
  const layout = new SlotLayout();
  const slots = PATHS.map((path) => layout.slotOf(path));
  const [fast, slow] = [true, false].map((mode) => {
    const made = new EventDecoder('s', definition, mode);
    made.wants(layout, slots);
    return made;
  }) as [EventDecoder, EventDecoder];
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const [one, other] = [emptyEventRecord(), emptyEventRecord()];
      expectSame(fast.decode(bytes, one), slow.decode(bytes, other));
      expectSame(one, other);
    }),
    { numRuns: RUNS },
  );
});
