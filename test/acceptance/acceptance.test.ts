import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRulePack, readRulePack } from '../../src/app/rule-pack.js';
import { runRuleTests } from '../../src/engine/testing/run-rule-tests.js';
import { readRule } from '../../src/rules/read-rule.js';
import { readArchetypes, type Case } from './archetype.js';
import { COLUMNS } from './handbook.js';
import { packById, rulesOf, type PackedRule } from './packed-rule.js';
import { runCase, runGeneral, runPartitioned, type Way } from './run-case.js';

const DATA = join(process.cwd(), '../shared/acceptance');
/** The longest of these takes 15 s alone on one core. */
const SLOW_MS = 180_000;

const archetypes = readArchetypes(join(DATA, 'archetypes'));
const pack = packById();

const itemsOf = ({ cases, stream }: (typeof archetypes)[number]): Case[] => (stream === null ? [...cases] : [...cases, stream]);
const rulesFor = (item: Case): readonly PackedRule[] => rulesOf(item, pack) ?? [];
const failuresOf = (item: Case, ways: readonly (Way | null)[]): string[] => ways.flatMap((way) => (way?.lines ?? []).map((line) => `${item.name} ${way?.name}: ${line}`));

describe('the fraud pack', () => {
  it('has a file for each archetype, with the params that are set there', () => {
    const files = new Map<string, Set<string>>();
    for (const { subject, params } of listRulePack(readRulePack())) files.set(subject, new Set([...(files.get(subject) ?? []), ...Object.keys(params)]));
    expect([...files].map(([file, params]) => [file, [...params].sort()])).toEqual(archetypes.map(({ name, params }) => [name, Object.keys(params).sort()]));
  });

  it('reads another source where one is named', () => {
    const sources = new Set(readRulePack({ source: 'payments' }).map(({ document }) => document['from']));
    expect([...sources]).toEqual(['payments', 'signals']);
  });

  it.each([...readRulePack(), ...readRulePack({ pack: 'card-features' })].map((rule) => [rule.id, rule.document] as const))('%s passes the tests inside it', (_, document) => {
    const rule = readRule(document);
    expect(rule?.tests.length).toBeGreaterThanOrEqual(2);
    expect(rule === null ? null : runRuleTests(document, rule).filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  });
});

describe.each(archetypes.map((archetype) => [archetype.name, archetype] as const))('%s', (_, archetype) => {
  const items = itemsOf(archetype);

  it('gives the alerts expected, run in every way', () => {
    expect(items.flatMap((item) => failuresOf(item, runCase(item, rulesFor(item))))).toEqual([]);
  }, SLOW_MS);

  it('gives them over three partitions and on the general matcher too', () => {
    const failures = items.flatMap((item) => failuresOf(item, [runPartitioned(item, rulesFor(item)), runPartitioned(item, rulesFor(item), 20), runGeneral(item, rulesFor(item))]));
    expect(failures).toEqual([]);
  }, SLOW_MS);
});

describe('npm run acceptance', () => {
  it('finds the published window features of card traffic, column by column', async () => {
    const { code, lines } = await runCommand(join(DATA, 'handbook'));
    expect(lines.filter((line) => line.endsWith(': agrees')).map((line) => line.split(':')[0])).toEqual(COLUMNS.map(({ name }) => name));
    expect(lines).toContain('431767 rows compared, 6 with swapped ties left out');
    expect(lines[lines.length - 1]).toBe('acceptance: 12 passed, 0 failed');
    expect(code).toBe(0);
  }, SLOW_MS);

  it('counts the cases of a folder without rules as failed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vigil-acceptance-'));
    mkdirSync(join(folder, '99-unknown'));
    writeFileSync(join(folder, '99-unknown', 'cases.jsonl'), ['one', 'two'].map((name) => JSON.stringify({ name, rule: 'no-such-rule', allowedLatenessMs: 0, events: [], expect: [] })).join('\n'));
    const { code, lines } = await runCommand(folder);
    expect(lines).toEqual([
      '  99-unknown no-such-rule one', '    no rule no-such-rule in the pack',
      '  99-unknown no-such-rule two', '    no rule no-such-rule in the pack',
      '99-unknown: 0 passed, 2 failed', 'acceptance: 0 passed, 2 failed',
    ]);
    expect(code).toBe(1);
  }, SLOW_MS);
});

/** Runs the command as the package has it, in a process of its own. */
function runCommand(directory: string): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  return new Promise((done) => {
    execFile('npm', ['run', '--silent', 'acceptance', '--', directory], (error, stdout) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, lines: stdout.trimEnd().split('\n') });
    });
  });
}
