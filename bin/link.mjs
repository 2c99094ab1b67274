// A checkout runs its own command as `npx vigil`: npm would install the project into a cache for that, a link is enough.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../node_modules/.bin');
mkdirSync(folder, { recursive: true });
rmSync(join(folder, 'vigil'), { force: true });
symlinkSync('../../bin/vigil.mjs', join(folder, 'vigil'));
