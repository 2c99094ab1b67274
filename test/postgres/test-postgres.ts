import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';

/**
 * A PostgreSQL server of its own for one test file, on a free loopback port, with its files in `.vigil/`. It ends with
 * `close`, or by itself a second after the test process is gone, however that ended.
 */
export class TestPostgres {
  private databases = 0;

  private constructor(
    private readonly folder: string,
    readonly port: number,
  ) {}

  /** @throws Error that says what to install, where there is no PostgreSQL and it cannot be installed from here */
  static async start(): Promise<TestPostgres> {
    const folder = serverFolder();
    const server = new TestPostgres(folder, await freePort());
    asServerUser(binary('initdb'), ['-D', join(folder, 'data'), '-U', 'vigil', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C']);
    await server.up();
    reapWhenOrphaned(folder);
    return server;
  }

  /** URL of a new, empty database. */
  async newDatabase(): Promise<string> {
    this.databases += 1;
    const name = `test_${this.databases}`;
    await this.query('postgres', `create database ${name}`);
    return this.urlOf(name);
  }

  /** Starts the server after `down`, and waits until it answers. */
  async up(): Promise<void> {
    const options = `-p ${this.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=60`;
    asServerUser(binary('pg_ctl'), ['-D', join(this.folder, 'data'), '-l', join(this.folder, 'server.log'), '-o', options, '-w', '-t', '60', 'start']);
    await this.query('postgres', 'select 1');
  }

  /** Ends the server at once, connections and all. */
  down(): void {
    asServerUser(binary('pg_ctl'), ['-D', join(this.folder, 'data'), '-m', 'immediate', '-w', 'stop']);
  }

  /** Lets connections be made or refused by database, as an operator can. */
  async query(database: string, sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: this.urlOf(database) });
    await client.connect();
    try {
      return (await client.query(sql)).rows as unknown[];
    } finally {
      await client.end();
    }
  }

  close(): void {
    if (existsSync(join(this.folder, 'data', 'postmaster.pid'))) this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private urlOf(database: string): string {
    return `postgres://vigil@127.0.0.1:${this.port}/${database}`;
  }
}

const isRoot = process.getuid?.() === 0;
/** the server refuses to run as root; Debian's package makes this user */
const serverUser = 'postgres';

function asServerUser(program: string, args: readonly string[]): void {
  const [command, all] = isRoot ? ['runuser', ['-u', serverUser, '--', program, ...args]] : [program, [...args]];
  const outcome = spawnSync(command, all, { cwd: tmpdir(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 90_000 });
  if (outcome.status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${outcome.stderr}${outcome.stdout}${outcome.error?.message ?? ''}`);
}

function serverFolder(): string {
  requirePostgres();
  const base = resolve('.vigil/test-postgres');
  mkdirSync(base, { recursive: true });
  const reachable = !isRoot || spawnSync('runuser', ['-u', serverUser, '--', 'test', '-x', base], { cwd: tmpdir() }).status === 0;
  const folder = mkdtempSync(join(reachable ? base : tmpdir(), 'server-'));
  if (isRoot) execFileSync('chown', [serverUser, folder]);
  chmodSync(folder, 0o700);
  return folder;
}

function binary(name: string): string {
  const folder = binaryFolder();
  if (folder === null) throw new Error('PostgreSQL is not installed');
  return join(folder, name);
}

/** The newest version's programs, where Debian and others put them. */
function binaryFolder(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).filter((name) => existsSync(join(root, name, 'bin', 'initdb'))) : [];
  versions.sort((a, b) => Number(b) - Number(a));
  if (versions[0] !== undefined) return join(root, versions[0], 'bin');
  const found = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  const folder = found.status === 0 ? found.stdout.trim() : '';
  return folder !== '' && existsSync(join(folder, 'initdb')) && statSync(folder).isDirectory() ? folder : null;
}

function requirePostgres(): void {
  if (binaryFolder() !== null) return;
  if (isRoot) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', '-qq', '-o', 'DPkg::Lock::Timeout=300', 'postgresql'], { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  }
  if (binaryFolder() === null) throw new Error('these tests need a PostgreSQL server, version 15 or newer: install it (Debian: apt-get update && apt-get install -y postgresql)');
}

/** A killed test process cannot clean up after itself. */
function reapWhenOrphaned(folder: string): void {
  const pidFile = join(folder, 'data', 'postmaster.pid');
  const script = `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done
    [ -f '${pidFile}' ] && kill -QUIT "$(head -n 1 '${pidFile}')"; sleep 1; rm -rf '${folder}'`;
  spawn('sh', ['-c', script], { detached: true, stdio: 'ignore', cwd: '/' }).unref();
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? done(address.port) : fail(new Error('no free port'))));
    });
  });
}
