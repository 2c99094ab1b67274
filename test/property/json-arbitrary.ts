import fc from 'fast-check';

/** Names that events have here: few, so that duplicates and wanted paths are met often. */
const NAMES = ['a', 'b', 'c', 'ts', 'type', 'id', 'longerName', '__proto__', 'constructor', 'toString', 'x$-@'];

/** JSON text of keys: as they are, spelled with escapes, beyond ASCII, empty. */
const usualKey = fc.constantFrom(...NAMES).map((name) => JSON.stringify(name));
const unusualKey = fc.oneof(
  fc.constantFrom(...NAMES).map((name) => `"${[...name].map((letter, i) => (i === 0 ? `\\u00${letter.charCodeAt(0).toString(16)}` : letter)).join('')}"`),
  fc.constantFrom('""', '"ключ"', '"é"', '"aé"', '"\\n"', '"a b"', '"\u{1f600}"', `"${'k'.repeat(70)}"`),
  fc.string({ maxLength: 5 }).map((name) => JSON.stringify(name)),
);

const NUMBERS = [
  '0', '-0', '-0.0', '0.0', '1', '-1', '1.5', '0.1', '0.30000000000000004', '1e400', '-1e400', '1e-400', '5e-324', '2.2250738585072014e-308', '1.7976931348623157e308', '1E5', '1e+5', '1e-5', '0e0', '-0e-0',
  '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993', '999999999', '9999999999', '2147483647', '2147483648', '4294967296', '999999999999999', '1000000000000000', '123456789012345678901234567890',
  '1767225600039', '1767225600039.5', '52.5200', '13.4000', '99999999999999.9', '9999999999999.99', '0.000000000000001', '0.00000000000000000000001', '123456.789012345', '8.5e15', '1.', '01', '-', '.5', '+1', '1e', '1e+', '0x1', 'NaN', 'Infinity', '-01', '00', '1.e5',
];
/** those above that are JSON */
const GOOD_NUMBERS = NUMBERS.filter((text) => {
  try {
    return typeof JSON.parse(text) === 'number';
  } catch {
    return false;
  }
});
const number = fc.oneof(
  fc.constantFrom(...GOOD_NUMBERS),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.maxSafeInteger().map(String),
  fc.tuple(fc.maxSafeInteger(), fc.nat(25)).map(([digits, zeros]) => `${Math.trunc(digits / 10 ** (zeros % 16))}.${'0'.repeat(zeros)}${Math.abs(digits)}`),
);

const STRINGS = ['"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\u{1f600}"', '"\\u0000"', '"\\/"', '"\\"\\\\\\b\\f\\n\\r\\t"', '"\ufeff"', '"\ufeffabc"', '"\\ufeffabc"', '"\u007f"', '"\u2028"', '"é"', '"payment"', '"2026-01-31T12:00:00Z"', '"\uffff"', '"\u0800"', '"\ud7ff\ue000"', '"\u{10ffff}"'];
const text = fc.oneof(fc.constantFrom(...STRINGS), fc.string().map((value) => JSON.stringify(value)), fc.string({ unit: 'binary', maxLength: 60 }).map((value) => JSON.stringify(value)), fc.integer({ min: 0, max: 60 }).map((length) => `"${'0123456789'.repeat(6).slice(0, length)}"`));

const space = fc.oneof({ weight: 8, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 }) });

/** JSON texts of every kind of value, with the keys of `key`. */
function documents(key: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { object } = fc.letrec<{ value: string; object: string; list: string }>((tie) => {
    const value = fc.tuple(space, fc.oneof({ depthSize: 'small' }, number, text, fc.constantFrom('true', 'false', 'null'), tie('object'), tie('list')), space).map((parts) => parts.join(''));
    return {
      value,
      object: fc.tuple(space, fc.array(fc.tuple(space, key, space, value).map(([before, name, after, of]) => `${before}${name}${after}:${of}`), { maxLength: 7 })).map(([before, members]) => `{${members.length === 0 ? before : members.join(',')}}`),
      list: fc.tuple(space, fc.array(value, { maxLength: 4 })).map(([before, items]) => `[${items.length === 0 ? before : items.join(',')}]`),
    };
  });
  return fc.tuple(space, object, space).map((parts) => parts.join(''));
}

/** Objects that the scanner must read itself. */
export const usualDocument = documents(usualKey);
/** Objects that have what it may leave to JSON.parse as well. */
export const anyDocument = documents(fc.oneof({ weight: 6, arbitrary: usualKey }, { weight: 1, arbitrary: unusualKey }));

/** An event as sources mostly have them. */
export const plainEvent = fc
  .tuple(fc.nat(), fc.constantFrom('payment', 'login'), number, anyDocument, fc.shuffledSubarray(['id', 'type', 'ts', 'a', 'b']))
  .map(([n, type, amount, document, order]) => {
    const members: Readonly<Record<string, string>> = { id: `"e${n}"`, type: `"${type}"`, ts: String(1_767_225_600_000 + n), a: amount, b: document };
    return `{${order.map((name) => `"${name}":${members[name] as string}`).join(',')}}`;
  });

type Damage = { readonly kind: 'cut' | 'set' | 'insert' | 'remove' | 'repeat'; readonly at: number; readonly byte: number; readonly count: number };
const byte = fc.oneof(fc.nat(255), fc.constantFrom(...'{}[]",:\\u0-.eE tfn\n'.split('').map((letter) => letter.charCodeAt(0)), 0x00, 0x1f, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff));
const damages: fc.Arbitrary<Damage[]> = fc.array(fc.record({ kind: fc.constantFrom('cut', 'set', 'insert', 'remove', 'repeat'), at: fc.nat(), byte, count: fc.integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 3 });

function damaged(bytes: readonly number[], { kind, at, byte: value, count }: Damage): number[] {
  const from = at % (bytes.length + 1);
  const before = bytes.slice(0, from);
  if (kind === 'cut') return before;
  if (kind === 'set') return [...before, value, ...bytes.slice(from + 1)];
  if (kind === 'insert') return [...before, value, ...bytes.slice(from)];
  if (kind === 'remove') return [...before, ...bytes.slice(from + count)];
  return [...before, ...bytes.slice(Math.max(0, from - count), from), ...bytes.slice(from)];
}

const encoder = new TextEncoder();
const anyText = fc.oneof(anyDocument, plainEvent, fc.tuple(fc.constantFrom('\ufeff', '', ' '), anyDocument, fc.constantFrom('', '\n', 'x', '{}', '\u0000')).map((parts) => parts.join('')), fc.json(), fc.constantFrom(...NUMBERS).map((bad) => `{"a":${bad}}`));
/** Bytes that are JSON, nearly JSON, or nothing of the kind. */
export const anyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  anyText.map((value) => encoder.encode(value)),
  fc.tuple(anyText, damages).map(([value, all]) => Uint8Array.from(all.reduce<number[]>(damaged, [...encoder.encode(value)]))),
  fc.uint8Array({ maxLength: 40 }),
);
