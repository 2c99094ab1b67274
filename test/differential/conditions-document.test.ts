import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { conditionsDocument } from './condition-table.js';

const FILE = 'docs/conditions.md';

it('docs/conditions.md says what conditions answer', async () => {
  const document = await conditionsDocument();
  if (process.env.UPDATE_DOCS) writeFileSync(FILE, document);
  expect(readFileSync(FILE, 'utf8')).toBe(document);
  expect(document.split('\n').filter((line) => line.startsWith('| `')).length).toBeGreaterThanOrEqual(70);
});
