import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../event/engine-error.js';
import { encodeUtf8 } from '../../state/bytes.js';
import { BlockReader } from '../../state/savepoint.js';
import { manifestSchema, type FileEntry, type Manifest } from './manifest.js';
import type { PartStore } from './part-writer.js';
import { partFile, type SavepointFiles } from './savepoint-files.js';

const MANIFEST = 'manifest.json';
const FAILURE = 'failed.json';
/** The failure of one that somebody has removed. */
const REMOVED = 'it has been removed';

/** One savepoint on a disk: a folder of files, complete once its manifest is there. Files come whole or not at all. */
export class SavepointFolder implements SavepointFiles {
  constructor(readonly dir: string) {}

  async manifest(): Promise<Manifest | null> {
    const text = await readOr(join(this.dir, MANIFEST));
    if (text === null) return null;
    const parsed = manifestSchema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    throw new EngineError('state.unknown-format', { record: 'manifest of a savepoint', file: join(this.dir, MANIFEST), reason: parsed.error.issues[0]?.message ?? '' });
  }

  async failure(): Promise<string | null> {
    const text = await readOr(join(this.dir, FAILURE));
    if (text === null) return null;
    const { reason } = (jsonOf(text) ?? {}) as { readonly reason?: unknown };
    return typeof reason === 'string' ? reason : 'not told';
  }

  /** Neither complete nor failed: parts are still taken. */
  async isOpen(): Promise<boolean> {
    return (await this.manifest()) === null && (await this.failure()) === null;
  }

  /** Whether somebody has removed it. */
  async isRemoved(): Promise<boolean> {
    return (await this.failure()) === REMOVED;
  }

  /** Removes its files; what is left says so, since a task that has not come so far would write its part yet. */
  async remove(): Promise<void> {
    await this.fail(REMOVED);
    for (const name of await readdir(this.dir)) if (name !== FAILURE) await rm(join(this.dir, name), { force: true });
  }

  async fail(reason: string): Promise<void> {
    await this.write(FAILURE, [encodeUtf8(JSON.stringify({ reason }))]);
  }

  async complete(manifest: Manifest): Promise<void> {
    await this.write(MANIFEST, [encodeUtf8(`${JSON.stringify(manifest, null, 2)}\n`)]);
    const files = new Set([MANIFEST, manifest.control.file, ...manifest.tasks.map(({ file }) => file), ...manifest.frames.map(({ file }) => file)]);
    for (const name of await readdir(this.dir)) if (!files.has(name)) await rm(join(this.dir, name), { force: true });
  }

  /** Writes a file beside its place, brings it to the disk, and puts it there. */
  async write(file: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<FileEntry> {
    await mkdir(this.dir, { recursive: true });
    const unfinished = join(this.dir, `${file}.${randomUUID()}.unfinished`);
    const handle = await open(unfinished, 'w');
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const piece of pieces) {
        await handle.writeFile(piece);
        hash.update(piece);
        bytes += piece.length;
      }
      await handle.sync();
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    await rename(unfinished, join(this.dir, file));
    const dir = await open(this.dir, 'r');
    await dir.sync().finally(() => dir.close());
    return { file, bytes, sha256: hash.digest('hex') };
  }

  async has(file: string): Promise<boolean> {
    return stat(join(this.dir, file)).then(() => true, () => false);
  }

  async text(file: string): Promise<string> {
    return readFile(join(this.dir, file), 'utf8');
  }

  async *blocks(file: string): AsyncGenerator<Uint8Array> {
    const reader = new BlockReader();
    for await (const piece of createReadStream(join(this.dir, file), { highWaterMark: 1 << 20 })) yield* reader.blocks(piece as Uint8Array);
    reader.requireEnd();
  }

  async measure(file: string): Promise<FileEntry> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of createReadStream(join(this.dir, file))) {
      hash.update(piece as Uint8Array);
      bytes += (piece as Uint8Array).length;
    }
    return { file, bytes, sha256: hash.digest('hex') };
  }
}

/** All savepoints of an application under one folder, which every process that runs tasks must reach under its own name for it. */
export class SavepointFolders implements PartStore {
  constructor(readonly dir: string) {}

  of(id: string): SavepointFolder {
    return new SavepointFolder(join(this.dir, id));
  }

  async write(savepoint: string, task: number, writer: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const folder = this.of(savepoint);
    // a task that comes to be later meets the record too
    if (await folder.isOpen()) await folder.write(partFile(task, writer), pieces);
  }

  async refuse(savepoint: string, reason: string): Promise<void> {
    const folder = this.of(savepoint);
    if (await folder.isOpen()) await folder.fail(reason);
  }

  /** Names of the folders that are there. */
  async ids(): Promise<string[]> {
    return (await readdir(this.dir).catch(() => [])).sort();
  }
}

async function readOr(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
