// npm links the commands of dependencies, not the project's own: after this `npx vigil` finds ours in a checkout too.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../node_modules/.bin');
mkdirSync(folder, { recursive: true });
rmSync(join(folder, 'vigil'), { force: true });
symlinkSync('../../bin/vigil.mjs', join(folder, 'vigil'));
