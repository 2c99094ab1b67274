import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import type { MemberMemory } from '../../stream/kafka/options.js';

const contents = z.object({ host: z.string(), pid: z.int(), member: z.string().min(1) });

/** A small file that survives a crash; what it says counts only if the process it speaks of ran on this host and is gone. */
export class MemberFile implements MemberMemory {
  constructor(private readonly file: string) {}

  former(): string | null {
    try {
      const { host, pid, member } = contents.parse(JSON.parse(readFileSync(this.file, 'utf8')));
      return host === hostname() && isGone(pid) ? member : null;
    } catch {
      return null;
    }
  }

  remember(member: string): void {
    try {
      writeFileSync(this.file, JSON.stringify({ host: hostname(), pid: process.pid, member }));
    } catch {
      // a folder that cannot be written to costs the others a session's time after a crash, no more
    }
  }
}

/** In a container the process before had our number. */
function isGone(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
