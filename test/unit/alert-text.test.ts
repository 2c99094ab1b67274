import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/event/stream-event.js';
import { factsText, jsonOf, quoted } from '../../src/engine/alerts/alert-text.js';

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('', '"', '\\', '\u007f', '\u0000', '\ud800', 'ä', 'x'.repeat(32), 'x'.repeat(33)));

it('writes texts, values and facts as JSON.stringify does', () =>
  fc.assert(
    fc.property(text, fc.jsonValue(), fc.double(), fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), fc.option(fc.jsonValue(), { nil: undefined })), { maxLength: 4 }), (one, value, number, facts) => {
      expect(quoted(one)).toBe(JSON.stringify(one));
      expect(jsonOf(value as JsonValue)).toBe(JSON.stringify(value));
      expect(jsonOf(number)).toBe(JSON.stringify(number));
      const [names, values] = [facts.map(([name], i) => `${name}${i}`), facts.map(([, fact]) => fact as JsonValue | undefined)];
      expect(factsText(names.map((name) => `${JSON.stringify(name)}:`), values)).toBe(JSON.stringify(Object.fromEntries(names.map((name, i) => [name, values[i]]))));
    }),
  ));
