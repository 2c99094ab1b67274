import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseInUseError } from '../database-errors.js';

/**
 * Makes a folder the property of one opening of it until `release` or the end of the process, however it ends.
 * Node has no file locks of its own; SQLite takes one from the system, which a kill −9 gives back, unlike a file with a process id.
 * @throws DatabaseInUseError
 */
export function lockFolder(folder: string): { release(): void } {
  const lock = new DatabaseSync(join(folder, 'lock'));
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    lock.close();
    if (/locked|busy/i.test(String(error))) throw new DatabaseInUseError(folder);
    throw error;
  }
  return { release: () => lock.close() };
}
