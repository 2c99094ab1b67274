import { controlRecordSchema, type ControlRecord } from '../../engine/control/control.js';
import { EngineError } from '../../event/engine-error.js';
import { decodeSavepointPart, type SavepointPart } from '../../state/savepoint.js';
import type { Manifest } from './manifest.js';
import type { SavepointFiles } from './savepoint-files.js';

/** What a task is to open from. */
export interface SavedTask {
  readonly part: SavepointPart;
  /** of its keys, each valid until the next is asked for */
  readonly records: () => AsyncIterable<Uint8Array>;
  /** re-keyed frames on their way to it, in order, likewise */
  readonly frames: () => AsyncIterable<Uint8Array>;
}

/** The control topic before a savepoint. */
export interface ControlPrefix {
  /** values as they are to stand, by offset */
  readonly lines: readonly string[];
  readonly records: readonly { readonly record: ControlRecord; readonly offset: number }[];
}

/** A complete savepoint, found to be as it was when it became so. */
export interface ReadSavepoint {
  readonly manifest: Manifest;
  readonly control: ControlPrefix;
  readonly tasks: readonly SavedTask[];
}

/** @throws EngineError `state.unknown-format` for one that is not complete, damaged, or of a later release */
export async function readSavepoint(files: SavepointFiles): Promise<ReadSavepoint> {
  const manifest = await files.manifest();
  if (manifest === null) {
    throw new EngineError('state.unknown-format', { found: `${files.dir} without a manifest`, expected: 'the folder of a savepoint that is complete', advice: (await files.failure()) ?? 'wait until it is complete' });
  }
  await requireWhole(files, manifest);
  const tasks = await Promise.all(
    manifest.tasks.map(async ({ task, file }): Promise<SavedTask> => {
      const frames = manifest.frames.find(({ partition }) => partition === task);
      return { part: await headOf(files, file), records: () => keyRecords(files, file), frames: () => (frames === undefined ? none() : files.blocks(frames.file)) };
    }),
  );
  return { manifest, control: await controlOf(files, manifest), tasks };
}

async function requireWhole(files: SavepointFiles, { control, tasks, frames }: Manifest): Promise<void> {
  for (const { file, bytes, sha256 } of [control, ...tasks, ...frames]) {
    const found = (await files.has(file)) ? await files.measure(file) : null;
    if (found?.bytes === bytes && found.sha256 === sha256) continue;
    throw new EngineError('state.unknown-format', { file: `${files.dir}/${file}`, found: found === null ? 'no such file' : `${found.bytes} bytes, SHA-256 ${found.sha256}`, expected: `${bytes} bytes, SHA-256 ${sha256}` });
  }
}

async function controlOf(files: SavepointFiles, { control }: Manifest): Promise<ControlPrefix> {
  const lines = (await files.text(control.file)).split('\n').slice(0, -1);
  const records = lines.flatMap((line, offset) => {
    const parsed = controlRecordSchema.safeParse(JSON.parse(line));
    // an earlier savepoint would be taken again
    return parsed.success && parsed.data.kind !== 'savepoint' ? [{ record: parsed.data, offset }] : [];
  });
  const kept = new Set(records.map(({ offset }) => offset));
  return { lines: lines.map((line, offset) => (kept.has(offset) ? line : 'null')), records };
}

async function headOf(files: SavepointFiles, file: string): Promise<SavepointPart> {
  for await (const block of files.blocks(file)) return decodeSavepointPart(block);
  throw new EngineError('state.unknown-format', { file, found: 'nothing', expected: 'where the task stood' });
}

async function* keyRecords(files: SavepointFiles, file: string): AsyncGenerator<Uint8Array> {
  let isHead = true;
  for await (const block of files.blocks(file)) {
    if (!isHead) yield block;
    isHead = false;
  }
}

async function* none(): AsyncGenerator<Uint8Array> {}
