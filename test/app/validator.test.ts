import { describe, expect, it } from '@jest/globals';
import { ValidatorAdapter } from '../../src/app/adapters/rules.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { sourceSchema } from '../../src/rules/source-schema.js';

const payments = sourceSchema.parse({ topic: 'p', eventTime: { field: 'at', unit: 'iso' }, type: { value: 'payment' }, id: { field: 'id' } });
const validator = new ValidatorAdapter({ get: async (name) => (name === 'payments' ? { name, definition: payments as unknown as JsonValue, revision: 1, createdAt: 0, updatedAt: 0 } as never : null) });
const rule = (tests: readonly object[]) =>
  ({ id: 'r', from: 'payments', key: 'card', when: { fact: 'amount', operator: 'greaterThan', value: 5 }, tests }) as unknown as JsonValue;

describe('publication of a rule with tests', () => {
  it('runs them with the source as it is declared', async () => {
    const test = { name: 'large', events: [{ id: 'e1', at: '2026-01-01T00:00:00Z', card: 'a', amount: 9 }], expect: [{ at: 1_767_225_600_000, by: ['e1'] }] };
    const { valid, problems, stateBound, cost } = await validator.validate(rule([test]));
    expect({ valid, problems, stateBound, cost }).toEqual({
      valid: true,
      problems: [],
      stateBound: { records: 0, bytes: 0, formula: 'nothing is kept', retentionMs: 0, parts: [] },
      cost: { class: 'low', steps: 1, formula: 'when 1', index: { types: null, equals: [], ranges: [{ field: 'amount', atLeast: 5, atMost: null }] } },
    });
    await expect(validator.requireTests(rule([test]))).resolves.toBeUndefined();
  });

  it('refuses those that fail, with the place of each', async () => {
    const tests = [{ name: 'one', events: [], expect: [] }, { name: 'two', events: [{ at: '2026-01-01T00:00:00Z', card: 'a', amount: 9 }], expect: [] }];
    const { valid, problems } = await validator.validate(rule(tests));
    expect({ valid, problems }).toEqual({ valid: false, problems: [{ code: 'rule.tests-failed', pointer: '/tests/1', detail: expect.stringMatching(/^the test "two" fails: unexpected alert at 1767225600000/) }] });
    await expect(validator.requireTests(rule(tests))).rejects.toMatchObject({ status: 409, code: 'rule.tests-failed', pointer: '/tests/1' });
  });
});

describe('publication of a rule over signals', () => {
  it('knows no schema of them: their fields are what other rules choose', async () => {
    const document = { id: 'r', from: 'signals', key: 'merchant', on: 'ring', let: { devices: { distinct: 'device', window: '1d' } }, when: { fact: 'devices', operator: 'greaterThan', value: 2 } };
    const { valid, problems } = await validator.validate(document);
    expect({ valid, problems }).toEqual({ valid: true, problems: [] });
  });
});
