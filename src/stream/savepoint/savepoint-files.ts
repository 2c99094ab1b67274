import type { FileEntry, Manifest } from './manifest.js';

/** Name of a task's part: until the savepoint is complete the journal says whose counts. */
export const partFile = (task: number, writer: string): string => `task-${task}-${writer}.part`;

/** The files of one savepoint, wherever they are. Each comes whole or not at all. */
export interface SavepointFiles {
  /** where they are, for people */
  readonly dir: string;
  /** Null where it is not complete. @throws EngineError `state.unknown-format` */
  manifest(): Promise<Manifest | null>;
  /** Why it will never be complete; null where nobody said so. */
  failure(): Promise<string | null>;
  fail(reason: string): Promise<void>;
  /** Makes it complete, and removes what does not belong to it. */
  complete(manifest: Manifest): Promise<void>;
  /** Writes a file; it is durable when this resolves. */
  write(file: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<FileEntry>;
  has(file: string): Promise<boolean>;
  text(file: string): Promise<string>;
  /** The blocks of a file, in order. @throws EngineError `state.unknown-format` where it was cut off */
  blocks(file: string): AsyncIterable<Uint8Array>;
  /** What a file is now. */
  measure(file: string): Promise<FileEntry>;
}
