import { expect, it, jest } from '@jest/globals';
import { runSchemathesis } from './schemathesis.js';

jest.setTimeout(240_000);

it('answers whatever the OpenAPI document allows, and what it does not, as the document says', async () => {
  const { ok, report, cases, serviceLog } = await runSchemathesis({ seconds: 30, seed: 1 });
  expect(ok || `${report}\n${serviceLog}`).toBe(true);
  expect(cases).toBeGreaterThan(500);
});
