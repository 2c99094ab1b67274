#!/usr/bin/env node
// Runs the command line on the Node that comes with the project: the host's own may be older than what the code needs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const own = join(root, 'node_modules/.bin/node');
const cli = join(root, 'dist/src/app/cli.js');
if (!existsSync(cli)) {
  console.error('vigil: not built yet: run `npm ci` (or `npm run build`) first');
  process.exit(1);
}
const { status, signal } = spawnSync(existsSync(own) ? own : process.execPath, ['--enable-source-maps', cli, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? (signal === null ? 1 : 130);
