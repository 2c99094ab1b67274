import { afterEach, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../kafka/broker.js';
import { ADMIN_KEY, Service } from './parts/service.js';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'vigil-readme-'));
let running: Service | null = null;

afterEach(async () => {
  await running?.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function block(readme: string, begin: string): string {
  const at = readme.indexOf(`\n\`\`\`${begin}`);
  expect(at).toBeGreaterThan(0);
  const from = readme.indexOf('\n', at + 1) + 1;
  return readme.slice(from, readme.indexOf('```', from));
}

it('what the README says to type gives the alert that it shows, beside the demo', async () => {
  const readme = readFileSync('README.md', 'utf8');
  running = new Service(await freePorts(1), { VIGIL_DATA_DIR: join(folder, 'data'), VIGIL_DEMO: '1' });
  await running.start();
  writeFileSync(join(folder, 'rule.json'), block(readme, 'json\n{\n  "id"'));
  const script = block(readme, 'sh\nKEY=').replace(/^KEY=.*$/m, `KEY=${ADMIN_KEY}`).replaceAll('http://127.0.0.1:8080', running.url);
  const lines = execFileSync('bash', ['-e', '-c', script], { cwd: folder, encoding: 'utf8' }).trim().split('\n');
  const [alert, ...more] = (JSON.parse(lines[lines.length - 1] as string) as { items: Record<string, unknown>[] }).items;
  expect(more).toEqual([]);
  const shown = JSON.parse(block(readme, 'json\n{ "id": "').replace('"id": "…",', '').replace(/, …/g, '')) as Record<string, unknown> & { evidence: unknown[] };
  expect(alert).toMatchObject({ ...shown, evidence: expect.arrayContaining(shown.evidence.map((one) => expect.objectContaining(one as object))) as unknown });
});
