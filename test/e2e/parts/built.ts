import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const LOCK = resolve('.vigil/build.lock');

/**
 * The compiled service, compiled first where the sources are newer; several processes that want it at once compile it once.
 * `VIGIL_E2E_DIST` names a compiled one to take as it is.
 * @returns path of its main module
 */
export async function builtService(): Promise<string> {
  const given = process.env['VIGIL_E2E_DIST'];
  if (given !== undefined && given !== '') return join(resolve(given), 'src/app/main.js');
  const main = resolve('dist/src/app/main.js');
  if (isFresh(main)) return main;
  await locked(() => {
    if (!isFresh(main)) compile();
  });
  if (!existsSync(main)) throw new Error(`${main} is missing after a build`);
  return main;
}

function compile(): void {
  const { status, stdout } = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the service does not compile:\n${stdout}`);
  writeFileSync(builtAt(), '');
}

/** Touched by every build of ours; `npm run build` leaves the compiler's own file. */
const builtAt = (): string => resolve('dist/.built');

function isFresh(main: string): boolean {
  if (!existsSync(main)) return false;
  const built = Math.max(...[builtAt(), resolve('dist/.tsbuildinfo')].map((file) => (existsSync(file) ? statSync(file).mtimeMs : 0)));
  return ['src', 'migrations'].every((folder) => newest(folder) <= built);
}

function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}

async function locked(act: () => void): Promise<void> {
  mkdirSync(resolve('.vigil'), { recursive: true });
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      break;
    } catch {
      // the lock of a process that is gone does not count
      if (!holderLives()) rmSync(LOCK, { force: true });
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  try {
    act();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function holderLives(): boolean {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'));
    // 0: just created, its number not yet written
    if (pid !== 0) process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
