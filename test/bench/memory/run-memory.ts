/** `node --expose-gc … run-memory.ts KIND KEYS`: fills a task with keys and measures it, as one JSON line. Started by memory-command.ts. */
import { PerformanceObserver } from 'node:perf_hooks';
import type { PartitionTask } from '../../../src/engine/task/partition-task.js';
import { BEGIN_MS, makeEvent } from '../growth/growth-case.js';
import { INPUT, taskWith } from '../run-workload.js';
import { quantile } from '../table.js';
import { MEMORY_KINDS } from './memory-kinds.js';

const [name, keysText] = process.argv.slice(2);
const kind = MEMORY_KINDS.find((one) => one.name === name);
const keys = Number(keysText);
const collect = (globalThis as { readonly gc?: () => void }).gc;
if (kind === undefined || !(keys > 0) || collect === undefined) throw new Error(`found ${process.argv.slice(2).join(' ')}; expected node --expose-gc run-memory.ts KIND KEYS`);

/** Events of one transaction; the keys they changed are written out, as a live task does. */
const CHUNK = 2_000;
let offset = 0;

/** Feeds events as bytes, keys in turn. @returns ms that each chunk took */
function feed(task: PartitionTask, events: number): number[] {
  const chunks: number[] = [];
  for (let left = events; left > 0; left -= CHUNK) {
    const count = Math.min(CHUNK, left);
    const values = Array.from({ length: count }, (_, i) => bytesOf(offset + i));
    const before = performance.now();
    for (const value of values) task.take(INPUT, { offset: offset++, timestampMs: null, key: null, value });
    task.takeEffects();
    task.flush(count);
    task.takeTombstones(task.sequence);
    task.sequence++;
    chunks.push(performance.now() - before);
  }
  return chunks;
}

function bytesOf(n: number): Uint8Array {
  const [key, turn] = [n % keys, Math.floor(n / keys)];
  const event = makeEvent(n, { ts: BEGIN_MS + n, key, amountMinor: 100 }) as Record<string, unknown>;
  return Buffer.from(JSON.stringify({ ...event, device: `d${(key * 7 + turn) % 1_000}` }));
}

function used(): { heap: number; beside: number; rss: number } {
  collect?.();
  collect?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, beside: external, rss };
}

const task = taskWith([kind.rule], true);
feed(task, CHUNK);
const before = used();
feed(task, keys * kind.eventsPerKey - CHUNK);
const after = used();
const resident = task.keyCount;

const pauses: { kind: number; ms: number }[] = [];
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) pauses.push({ kind: (entry as unknown as { detail: { kind: number } }).detail.kind, ms: entry.duration });
});
observer.observe({ entryTypes: ['gc'] });
const more = Math.min(keys, 500_000);
const cpuBefore = process.threadCpuUsage();
const chunks = feed(task, more).sort((a, b) => a - b);
const cpu = process.threadCpuUsage(cpuBefore);
await new Promise((resolve) => setTimeout(resolve, 20));
observer.disconnect();

const per = (bytes: number): number => Math.round(bytes / (keys - CHUNK));
const longest = Math.max(0, ...pauses.map(({ ms }) => ms));
console.log(
  JSON.stringify({
    kind: name, keys: resident,
    heap_bytes_per_key: per(after.heap - before.heap),
    other_bytes_per_key: per(after.beside - before.beside),
    rss_mb: Math.round(after.rss / 1e6),
    rss_bytes_per_key: per(after.rss - before.rss),
    cpu_us_per_event: Number(((cpu.user + cpu.system) / more).toFixed(2)),
    gc_pauses: pauses.length,
    gc_longest_ms: Number(longest.toFixed(1)),
    gc_total_ms: Math.round(pauses.reduce((sum, { ms }) => sum + ms, 0)),
    chunk_p50_ms: Number(quantile(chunks, 0.5).toFixed(1)),
    chunk_longest_ms: Number((chunks.at(-1) ?? NaN).toFixed(1)),
  }),
);
