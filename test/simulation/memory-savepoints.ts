import { createHash } from 'node:crypto';
import { decodeUtf8 } from '../../src/state/bytes.js';
import { BlockReader } from '../../src/state/savepoint.js';
import type { FileEntry, Manifest } from '../../src/stream/savepoint/manifest.js';
import type { PartStore } from '../../src/stream/savepoint/part-writer.js';
import { partFile, type SavepointFiles } from '../../src/stream/savepoint/savepoint-files.js';

/** One savepoint in memory. */
export class MemorySavepoint implements SavepointFiles {
  private readonly files = new Map<string, Uint8Array>();
  private completed: Manifest | null = null;
  private failed: string | null = null;

  constructor(readonly dir: string) {}

  async manifest(): Promise<Manifest | null> {
    return this.completed;
  }

  async failure(): Promise<string | null> {
    return this.failed;
  }

  async fail(reason: string): Promise<void> {
    this.failed = reason;
  }

  async complete(manifest: Manifest): Promise<void> {
    this.completed = manifest;
    const kept = new Set([manifest.control, ...manifest.tasks, ...manifest.frames].map(({ file }) => file));
    for (const file of this.files.keys()) if (!kept.has(file)) this.files.delete(file);
  }

  async write(file: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<FileEntry> {
    const written: Uint8Array[] = [];
    for await (const piece of pieces) written.push(piece.slice());
    this.files.set(file, Buffer.concat(written));
    return this.measure(file);
  }

  async has(file: string): Promise<boolean> {
    return this.files.has(file);
  }

  async text(file: string): Promise<string> {
    return decodeUtf8(this.bytesOf(file));
  }

  async *blocks(file: string): AsyncGenerator<Uint8Array> {
    yield* blocksOf(this.bytesOf(file));
  }

  async measure(file: string): Promise<FileEntry> {
    const bytes = this.bytesOf(file);
    return { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  bytesOf(file: string): Uint8Array {
    const bytes = this.files.get(file);
    if (bytes === undefined) throw new Error(`${this.dir} has no ${file}`);
    return bytes;
  }
}

/** Savepoints in memory, and every part that a task has ever written. */
export class MemorySavepoints implements PartStore {
  private readonly folders = new Map<string, MemorySavepoint>();
  private readonly parts = new Map<string, Uint8Array>();

  of(id: string): MemorySavepoint {
    let folder = this.folders.get(id);
    if (folder === undefined) this.folders.set(id, (folder = new MemorySavepoint(id)));
    return folder;
  }

  async write(savepoint: string, task: number, writer: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const folder = this.of(savepoint);
    const file = partFile(task, writer);
    await folder.write(file, pieces);
    this.parts.set(`${savepoint}/${file}`, folder.bytesOf(file));
  }

  async refuse(savepoint: string, reason: string): Promise<void> {
    await this.of(savepoint).fail(reason);
  }

  /** Blocks of the part of a task by one writer; undefined where it wrote none. */
  part(savepoint: string, task: number, writer: string): readonly Uint8Array[] | undefined {
    const bytes = this.parts.get(`${savepoint}/${partFile(task, writer)}`);
    return bytes === undefined ? undefined : [...blocksOf(bytes)];
  }
}

function* blocksOf(bytes: Uint8Array): Iterable<Uint8Array> {
  const reader = new BlockReader();
  yield* reader.blocks(bytes);
  reader.requireEnd();
}
