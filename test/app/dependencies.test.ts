import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Package {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Readonly<Record<string, Package>> };
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Licences that let the service be given on under its own. */
const LICENSES = ['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD'];

/** What can be said of what we run on without asking anybody. */
describe('dependencies', () => {
  it('are wished in one version each', () => {
    const wished = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(wished.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('are known by their hash, and come from the registry', () => {
    expect(packages.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? '')).map(([path]) => path)).toEqual([]);
    expect(packages.filter(([, { resolved }]) => resolved !== undefined && !resolved.startsWith('https://')).map(([path]) => path)).toEqual([]);
  });

  it('run nothing when they are installed, but for those that were looked at', () => {
    const running = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => nameOf(path));
    expect(running.filter((name) => !(name in manifest.allowScripts))).toEqual([]);
  });

  it('may be given on with the service', () => {
    const licenseOf = (path: string, { license }: Package): string => license ?? licenseText(path);
    const others = packages.filter(([, { dev }]) => dev !== true).filter(([path, found]) => !LICENSES.includes(licenseOf(path, found)));
    expect(others.map(([path, { license }]) => [path, license])).toEqual([]);
  });
});

/** Some packages have the text of their licence and do not name it. */
function licenseText(path: string): string {
  const file = join(path, 'LICENSE');
  return existsSync(file) && readFileSync(file, 'utf8').includes('Permission is hereby granted, free of charge') ? 'MIT' : 'unknown';
}
