import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EngineError } from '../../src/event/engine-error.js';
import { decodeKeyHeader, decodeKeyRecord, encodeKeyRecord, type KeyRecord } from '../../src/state/checkpoint.js';
import { decodeJournalEntry, encodeJournalEntry, type JournalEntry, type JournalStep } from '../../src/state/journal.js';

const offset = fc.integer({ min: 0, max: 2 ** 40 });
const time = fc.integer({ min: -1e12, max: 3e12 });

function stepsFor(positions: number[], controlPosition: number): fc.Arbitrary<JournalStep> {
  const range = (position: number) =>
    fc.tuple(fc.nat(position), fc.nat(position)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
  const input = fc.nat(positions.length - 1);
  return fc.oneof(
    input.chain((i) => range(Math.min(positions[i]!, 1_000)).map((r): JournalStep => ({ kind: 'take', input: i, ...r, repeats: [] }))),
    fc.tuple(input, fc.array(fc.nat(1_000))).map(([i, repeats]): JournalStep => ({ kind: 'take', input: i, from: 0, to: positions[i]!, repeats })),
    range(controlPosition).map((r): JournalStep => ({ kind: 'control', ...r })),
    input.map((i): JournalStep => ({ kind: 'idle', input: i })),
    input.map((i): JournalStep => ({ kind: 'join', input: i })),
    fc.nat().map((deltaMs): JournalStep => ({ kind: 'tick', deltaMs })),
  );
}

const entries: fc.Arbitrary<JournalEntry> = fc
  .record({ positions: fc.array(offset, { minLength: 1, maxLength: 20 }), controlPosition: fc.nat(500) })
  .chain(({ positions, controlPosition }) =>
    fc.record({
      sequence: offset,
      writer: fc.string({ unit: 'grapheme' }),
      inputs: fc.option(fc.array(fc.string())),
      steps: fc.array(stepsFor(positions, controlPosition)),
      positions: fc.constant(positions),
      time: fc.uint8Array({ maxLength: 50 }).map((bytes) => Uint8Array.from(bytes)),
      controlPosition: fc.constant(controlPosition),
      floor: offset,
      floorTimeMs: time,
      digest: fc.nat(5).chain((n) => fc.uint32Array({ minLength: n * 3, maxLength: n * 3 })).map((numbers) => Uint32Array.from(numbers)),
      flags: fc.maxSafeNat(),
    }),
  );

const endTimes = fc.oneof(time, fc.constant(Infinity), fc.constant(-Infinity));
const records: fc.Arbitrary<KeyRecord> = fc.record({
  group: fc.string(),
  key: fc.string({ unit: 'grapheme', maxLength: 100 }),
  sequence: offset,
  wakeAt: endTimes,
  lastTs: endTimes,
  parts: fc.array(
    fc.record({
      id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, '0')),
      bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
    }),
  ),
});

/** Damaged bytes either decode to something or are refused with the public code; nothing else may come out. */
function refusesOrReads(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).code).toBe('state.unknown-format');
  }
}

function damaged(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at % copy.length] = value;
  return copy;
}

describe('journal entry', () => {
  it('comes back as it was written', () =>
    fc.assert(fc.property(entries, (entry) => expect(decodeJournalEntry(encodeJournalEntry(entry))).toEqual(entry))));

  it('takes some dozen bytes for a transaction of one input, and under 150 for a task with twelve', () => {
    const entry = (inputs: number): JournalEntry => ({
      sequence: 1_000_000,
      writer: '0123abcd',
      inputs: null,
      steps: Array.from({ length: inputs }, (_, input) => ({ kind: 'take', input, from: 20_000_000, to: 20_000_300, repeats: [] })),
      positions: Array.from({ length: inputs }, () => 20_000_300),
      time: new Uint8Array(),
      controlPosition: 40,
      floor: 999_700,
      floorTimeMs: 1_767_225_570_000,
      digest: Uint32Array.of(),
      flags: 3,
    });
    expect(encodeJournalEntry(entry(1)).length).toBe(37);
    expect(encodeJournalEntry(entry(12)).length).toBe(125);
  });

  it('refuses an unknown version, saying what it found and what it expected', () => {
    expect(() => decodeJournalEntry(Uint8Array.of(9, 1, 2))).toThrow('state.unknown-format record=journal entry version=9 expected=1');
  });

  it('refuses bytes that are cut off or longer than the entry', () =>
    fc.assert(
      fc.property(entries, fc.nat(), (entry, cut) => {
        const bytes = encodeJournalEntry(entry);
        expect(() => decodeJournalEntry(bytes.subarray(0, cut % bytes.length))).toThrow('state.unknown-format');
        expect(() => decodeJournalEntry(Uint8Array.of(...bytes, 0))).toThrow('state.unknown-format');
      }),
    ));

  it('never fails on damaged bytes but with the public code', () =>
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(255), (entry, at, value) =>
        refusesOrReads(decodeJournalEntry, damaged(encodeJournalEntry(entry), at, value)),
      ),
    ));
});

describe('key record', () => {
  it('comes back as it was written, and its head alone too', () =>
    fc.assert(
      fc.property(records, (record) => {
        const bytes = encodeKeyRecord(record);
        const { parts, ...head } = record;
        expect(decodeKeyRecord(bytes)).toEqual({ version: 1, ...head, parts });
        expect(decodeKeyHeader(bytes)).toEqual({ version: 1, ...head });
      }),
    ));

  it('leaves the bytes of its parts where they are', () => {
    const bytes = encodeKeyRecord({ group: 'card', key: 'c1', sequence: 7, wakeAt: Infinity, lastTs: 5, parts: [{ id: '00000000000000ff', bytes: Uint8Array.of(1, 2, 3) }] });
    const part = decodeKeyRecord(bytes).parts[0]!;
    expect([part.id, [...part.bytes], part.bytes.buffer === bytes.buffer]).toEqual(['00000000000000ff', [1, 2, 3], true]);
  });

  it('refuses an unknown version, cut off and damaged bytes with the public code', () => {
    expect(() => decodeKeyHeader(Uint8Array.of(0))).toThrow('state.unknown-format record=key record version=0 expected=1');
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(255), (record, at, value) => {
        const bytes = encodeKeyRecord(record);
        expect(() => decodeKeyRecord(bytes.subarray(0, at % bytes.length))).toThrow('state.unknown-format');
        refusesOrReads(decodeKeyRecord, damaged(bytes, at, value));
      }),
    );
  });
});
