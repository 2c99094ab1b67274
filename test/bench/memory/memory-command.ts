import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Chosen } from '../arguments.js';
import { chosenOf } from '../names.js';
import { table } from '../table.js';
import { MEMORY_KINDS } from './memory-kinds.js';

interface MemoryResult {
  readonly kind: string;
  readonly keys: number;
  readonly heap_bytes_per_key: number;
  readonly other_bytes_per_key: number;
  readonly rss_mb: number;
  readonly rss_bytes_per_key: number;
  readonly gc_longest_ms: number;
  readonly gc_total_ms: number;
  readonly chunk_p50_ms: number;
  readonly chunk_longest_ms: number;
}

/** Each kind of state in a process of its own, so that nothing of the others is in its way. */
export function memoryCommand(chosen: Chosen): void {
  const kinds = chosenOf('only', chosen.textOr('only'), MEMORY_KINDS, ({ name }) => name);
  const rows = kinds.map(({ name, holds, bytesAtMost }) => {
    const result = measured(name, chosen.number('keys'));
    console.log(JSON.stringify(result));
    const bytes = result.heap_bytes_per_key + result.other_bytes_per_key;
    const bound = bytesAtMost === null ? '' : `${bytesAtMost}${bytes > bytesAtMost ? ', exceeded' : ''}`;
    return [name, holds, String(result.heap_bytes_per_key), String(result.other_bytes_per_key), String(result.rss_bytes_per_key), bound, `${result.gc_longest_ms} ms`, `${result.chunk_longest_ms} ms`];
  });
  console.log(`\n${table(['', 'a key holds', 'bytes on the heap', 'beside it', 'resident', 'bound', 'longest GC pause', 'longest 2,000 events'], rows)}`);
}

function measured(kind: string, keys: number): MemoryResult {
  const script = fileURLToPath(new URL('run-memory.ts', import.meta.url));
  const loader = new URL('../../contract/typescript-imports.mjs', import.meta.url).href;
  const { status, stdout, stderr } = spawnSync('node_modules/.bin/node', ['--no-warnings', '--expose-gc', '--max-old-space-size=8192', '--experimental-transform-types', '--import', loader, script, kind, String(keys)], { encoding: 'utf8', timeout: 900_000 });
  if (status !== 0) throw new Error(`measuring ${kind} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as MemoryResult;
}
