import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { JsonValue } from '../../src/event/stream-event.js';

/** An event of the sources, before the recording was made or after it. */
export interface RecordedEvent {
  readonly source: string;
  readonly partition: number;
  readonly event: Readonly<Record<string, JsonValue>>;
}

/** A record of one of Vigil's own topics. */
export interface RecordedRecord {
  readonly topic: 'control' | 'journal' | 'state' | 'rekey';
  readonly partition: number;
  readonly offset: number;
  /** base 64 */
  readonly key: string | null;
  readonly value: string | null;
}

/** What one release wrote, and what must come of it: files that are never written again. */
export interface Recording {
  readonly release: string;
  readonly dir: string;
  readonly keyedPartitions: number;
  readonly taskSlots: number;
  readonly before: readonly RecordedEvent[];
  readonly after: readonly RecordedEvent[];
  /** JSON texts of the alerts that come of the events after it */
  readonly alerts: readonly string[];
  /** as a crash left them, behind the events before it */
  readonly records: readonly RecordedRecord[];
}

const RECORDED = resolve('test/replay/recorded');
const FILE = 'recording.json.gz';

/** Where its savepoint is. */
export const savepointDir = ({ dir }: Pick<Recording, 'dir'>): string => join(dir, 'savepoint');

export const dirOf = (release: string): string => join(RECORDED, release);

export function recordings(): Recording[] {
  return readdirSync(RECORDED).sort().map((release) => ({ ...(JSON.parse(gunzipSync(readFileSync(join(RECORDED, release, FILE))).toString('utf8')) as Omit<Recording, 'dir'>), dir: join(RECORDED, release) }));
}

export function writeRecording({ dir, ...recording }: Recording): void {
  writeFileSync(join(dir, FILE), gzipSync(JSON.stringify(recording), { level: 9 }));
}
