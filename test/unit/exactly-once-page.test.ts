import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

it('every test that the page on exactly once names is there under that name', () => {
  const page = readFileSync('docs/exactly-once.md', 'utf8');
  const missing: string[] = [];
  let named = 0;
  for (const row of page.split('\n').filter((line) => /^\| \d+ \|/.test(line))) {
    for (const column of row.split('|').slice(3, 5)) {
      let file = '';
      for (const part of column.split(' · ')) {
        const found = /^\s*`(test\/[^`]+\.ts)`(?:, [^:]*)?: (.*)$/.exec(part);
        if (found !== null) file = readFileSync(found[1] as string, 'utf8');
        const name = (found?.[2] ?? part).split(/\. [A-Z]/)[0]?.trim() as string;
        if (file === '' || name.startsWith('`') || name.startsWith('Simulation') || name.startsWith('the consumers')) continue;
        named++;
        if (!file.includes(name)) missing.push(name);
      }
    }
  }
  expect(missing).toEqual([]);
  expect(named).toBeGreaterThan(45);
});
