import { cpus, loadavg } from 'node:os';

/** What it was measured on, and how busy that was: times of a busy machine say little, only ratios of runs in turn do. */
export function machineLine(loadBefore: number): string {
  const [after = 0] = loadavg();
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const busy = Math.max(loadBefore, after) > cpus().length ? '; others were busy on it meanwhile, so trust ratios only' : '';
  return `${new Date().toISOString().slice(0, 16)}Z, ${cpus().length} cores (${model}), Node ${process.versions.node}, load ${loadBefore.toFixed(1)} before and ${after.toFixed(1)} after${busy}`;
}
