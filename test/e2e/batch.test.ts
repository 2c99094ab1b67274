import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dice } from '../dice.js';
import { vigil, type Ended } from './parts/command.js';

jest.setTimeout(300_000);

const ARCHETYPES = '../shared/acceptance/archetypes';
const LINES_OF_EACH = 250;
const DISORDER_MS = 60_000;
const BEGIN = Date.parse('2026-01-01T00:00:00Z');

let folder: string;
let file: string;
/** an hour after the last event */
let later: number;

/** Events of all kinds of fraud as one stream that begins at one time: out of order, some of them twice, some late, some none at all. */
function stream(): string[] {
  const random = dice(5);
  const events = readdirSync(ARCHETYPES).flatMap((name) => {
    const own = readFileSync(join(ARCHETYPES, name, 'events.jsonl'), 'utf8').trim().split('\n').slice(0, LINES_OF_EACH).map((line) => JSON.parse(line) as { readonly id: string; readonly ts: number });
    const first = Math.min(...own.map(({ ts }) => ts));
    return own.map((event) => ({ ...event, id: `${name}-${event.id}`, ts: BEGIN + event.ts - first }));
  });
  later = Math.max(...events.map(({ ts }) => ts)) + 3_600_000;
  const arrived = events.map((event) => ({ event, at: event.ts + Math.floor(random() * DISORDER_MS) })).sort((a, b) => a.at - b.at);
  return arrived.flatMap(({ event }, i) => {
    const line = JSON.stringify(event);
    if (random() < 0.01) return ['{"ts":', line];
    if (random() < 0.01) return [line, line];
    const before = arrived[i - 2_000]?.event;
    return random() < 0.005 && before !== undefined ? [line, JSON.stringify({ ...before, id: `again-${before.id}` })] : [line];
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-batch-'));
  file = join(folder, 'events.ndjson');
  writeFileSync(file, `${stream().join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...more: string[]): Promise<Ended> => vigil(['run', '--rules', 'rules/fraud-pack', '--disorder', String(DISORDER_MS), '--dedupe', '1d', '--advance-to', String(later), ...more], {});

/** The summary without its speed. */
const figures = ({ stderr }: Ended): string => (stderr.trim().split('\n').at(-1) ?? '').replace(/, \d+ events\/s$/, '');

const refused = ({ stderr }: Ended): string[] => stderr.split('\n').filter((line) => line.startsWith('refused: '));

describe('vigil run', () => {
  it('writes the same with any number of workers, for the whole pack, events out of order, late, repeated and broken', async () => {
    const one = await run('--input', file, '--workers', '1');
    const three = await run('--input', file, '--workers', '3');
    expect(three.stdout).toBe(one.stdout);
    expect([three.code, figures(three), refused(three)]).toEqual([one.code, figures(one), refused(one)]);
    const alerts = one.stdout.trim().split('\n').map((line) => JSON.parse(line) as { readonly rule: string; readonly kind: string });
    expect(new Set(alerts.map(({ rule }) => rule)).size).toBeGreaterThan(20);
    const [, late, broken] = /, (\d+) late, (\d+) refused$/.exec(figures(one)) ?? [];
    expect([one.code, Number(late) > 0, Number(broken) > 50]).toEqual([0, true, true]);
  });

  it.each(['01-card-velocity', '18-merchant-collusion'])('shares the keys where there is one key of rules, and leaves signals together (%s)', async (name) => {
    const rules = join('rules/fraud-pack', `${name}.json`);
    const [one, three] = [await run('--input', file, '--rules', rules, '--workers', '1'), await run('--input', file, '--rules', rules, '--workers', '3')];
    expect(three.stdout).toBe(one.stdout);
    expect([three.code, figures(three), refused(three)]).toEqual([0, figures(one), refused(one)]);
    expect(one.stdout.split('\n').length).toBeGreaterThan(5);
  });

  it('reads a packed file as the file itself, and says how far it is where it is asked to', async () => {
    const packed = join(folder, 'events.ndjson.gz');
    writeFileSync(packed, gzipSync(readFileSync(file)));
    const [plain, gzip] = [await run('--input', file), await run('--input', packed, '--workers', '2', '--progress')];
    expect(gzip.stdout).toBe(plain.stdout);
    expect(gzip.stderr).toMatch(/^\d+ %: \d+ events, \d+ alerts, \d+ events\/s, about \d+ s left$/m);
  });

  it('ends at the first event that cannot be read where it is strict, with what came before it', async () => {
    const all = (await run('--input', file, '--workers', '1')).stdout;
    const strict = await Promise.all(['1', '2'].map((workers) => run('--input', file, '--strict', '--workers', workers)));
    for (const { code, stdout, stderr } of strict) {
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^vigil: .*events\.ndjson:\d+: event\.malformed-json: .*\n$/)]);
      expect(all.startsWith(stdout)).toBe(true);
    }
    expect(strict[1]).toEqual(strict[0]);
  });

  it('refuses what does not fit together, in words', async () => {
    const missing = await run('--input', join(folder, 'not-here.ndjson'));
    const unknown = await run('--input', `elsewhere=${file}`);
    expect([missing.code, missing.stderr]).toEqual([1, `vigil: ENOENT: no such file or directory, stat '${join(folder, 'not-here.ndjson')}'\n`]);
    expect([unknown.code, unknown.stderr]).toEqual([1, 'vigil: no rule reads source "elsewhere": the rules read events\n']);
  });
});
