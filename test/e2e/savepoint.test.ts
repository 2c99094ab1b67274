import { describe, expect, it, jest } from '@jest/globals';
import { cpSync, existsSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedLog } from '../../src/stream/embedded/embedded-log.js';
import { vigil } from './parts/command.js';
import { alertsOf, post, quiet, twoHalves } from './parts/savepoint-traffic.js';
import { useServices } from './parts/services.js';
import { activateRules, recount } from './parts/workload.js';

jest.setTimeout(240_000);

const { newFolder, service } = useServices('savepoint');

// no silence releases anything: what is found then follows from the events alone
const SOURCE = { topic: 'payments', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', partitions: 2, idleAfter: '12h' };
const COUNT = 2_500;

describe('a savepoint of the service on embedded defaults', () => {
  it('is taken by command, and another application with other keyed partitions goes on from it', async () => {
    const dataDir = newFolder();
    const [first, second] = twoHalves(COUNT, 3);
    const before = await service({ VIGIL_DATA_DIR: dataDir, VIGIL_KEYED_PARTITIONS: '3' });
    await before.start();
    await before.call('PUT', '/sources/payments', SOURCE);
    await activateRules(before, 'payments');
    await before.call('PUT', '/lists/watched', { entries: ['c1', 'c2'] });
    await post(before, first);
    await quiet(before);

    const taken = await vigil(['savepoint', '--url', before.url, '--id', 'upgrade'], {});
    expect({ code: taken.code, stderr: taken.stderr.split('\n').filter((line) => !line.startsWith('savepoint upgrade: ')) }).toEqual({ code: 0, stderr: [''] });
    const dir = join(dataDir, 'savepoints/vigil/upgrade');
    expect(taken.stdout).toMatch(new RegExp(`^savepoint: upgrade, 5 tasks, \\d+ keys, \\d+ bytes in ${dir}\n$`));
    const files = readdirSync(dir);
    // a change that the savepoint does not have
    const rule = { ...(await before.call('GET', '/rules/velocity/versions/1')).json['rule'] as object, name: 'renamed' };
    expect((await before.call('PUT', '/rules/velocity', rule)).status).toBe(201);
    expect((await before.call('POST', '/rules/velocity/versions/2/activate')).status).toBe(202);
    await before.end('SIGTERM');

    const environment = { VIGIL_DATA_DIR: dataDir, VIGIL_KEYED_PARTITIONS: '5' };
    const dry = await vigil(['restore', dir, '--to', 'second', '--dry-run'], environment);
    expect({ code: dry.code, stdout: dry.stdout.replace(/\d+ keys/, 'N keys') }).toEqual({ code: 0, stdout: 'restorable: 7 tasks, N keys, 0 frames, 5 changes into second\n' });
    const held = await vigil(['restore', dir, '--to', 'second'], environment);
    expect([held.code, held.stderr.includes('--same-database')]).toEqual([1, true]);
    const restored = await vigil(['restore', dir, '--to', 'second', '--same-database'], environment);
    expect({ code: restored.code, stdout: restored.stdout.replace(/\d+ keys/, 'N keys') }).toEqual({ code: 0, stdout: 'restored: 7 tasks, N keys, 0 frames, 5 changes into second\n' });
    expect(restored.stderr).toContain('changes since the savepoint that are published again: 1');
    const again = await vigil(['restore', dir, '--to', 'second', '--same-database'], environment);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('savepoint.unfit found=records in second.control')]);

    const after = await service({ VIGIL_DATA_DIR: dataDir, VIGIL_APP: 'second' });
    await after.start();
    await post(after, second);
    await quiet(after);
    expect((await after.call('GET', '/cluster')).json['tasks']).toHaveLength(7);
    expect((await after.call('GET', '/rules/velocity')).json).toMatchObject({ live: { version: 2 } });
    // and can be taken a savepoint of
    expect((await vigil(['savepoint', '--url', after.url, '--id', 'next'], {})).stdout).toContain('7 tasks');
    await after.end('SIGTERM');

    const log = await openEmbeddedLog({ dir: join(dataDir, 'log'), taskSlots: 1 });
    const [old, young] = [await alertsOf(log, 'vigil.alerts'), await alertsOf(log, 'second.alerts')];
    await log.close();
    expect([...old, ...young].sort()).toEqual([...recount([...first, ...second]).keys()].sort());
    expect(young.length).toBeGreaterThan(100);
    expect(readdirSync(dir)).toEqual(files);

    await refusesDamage(dir, environment);
  });
});

/** Files that are not as they were make no application. */
async function refusesDamage(dir: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const part = readdirSync(dir).find((name) => name.endsWith('.part')) as string;
  const copy = `${dir}-copy`;
  cpSync(dir, copy, { recursive: true });
  truncateSync(join(copy, part), 100);
  const cut = await vigil(['restore', copy, '--to', 'third', '--same-database'], environment);
  expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining(`state.unknown-format file=${join(copy, part)} found=100 bytes`)]);
  rmSync(join(copy, 'manifest.json'));
  const incomplete = await vigil(['restore', copy, '--to', 'third', '--same-database'], environment);
  expect([incomplete.code, incomplete.stderr]).toEqual([1, expect.stringContaining('without a manifest')]);
  expect(existsSync(copy)).toBe(true);
}
