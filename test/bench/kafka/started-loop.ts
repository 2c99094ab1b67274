import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from '../../e2e/parts/until.js';
import type { Running } from './contestant.js';

/** A program that prints "ready" once it reads, and how far it is, as `{"at", "events"}`, where it tells. */
export function startedLoop(program: string, args: readonly string[]): Running {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const progress: { at: number; events: number }[] = [];
  let ready = false;
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString('utf8')).slice(-4_000)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') ready = true;
    else if (line.startsWith('{"at"')) progress.push(JSON.parse(line) as { at: number; events: number });
  });
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  return {
    pid: child.pid as number,
    progress,
    ready: () =>
      until(() => {
        if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${errors}`);
        return ready;
      }, 'the loop has its partitions', 60_000),
    async stop() {
      if (errors !== '' && process.env['BENCH_DEBUG']) console.error(errors);
      child.kill('SIGKILL');
      await ended;
    },
  };
}
