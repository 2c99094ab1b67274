import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Watches what a process uses, as Linux accounts for it. */
export class ProcessUse {
  private readonly samples: { readonly at: number; readonly cpuSeconds: number }[] = [];
  private readonly timer: NodeJS.Timeout;
  private readonly pid: number;
  /** largest resident size, MB */
  peakMb = 0;

  constructor(pid: number, everyMs = 50) {
    this.pid = pid;
    this.sample();
    this.timer = setInterval(() => this.sample(), everyMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Processor time of all its threads between two wall times in epoch ms, seconds. */
  cpuSeconds(from: number, to: number): number {
    return this.cpuAt(to) - this.cpuAt(from);
  }

  private cpuAt(wall: number): number {
    const after = this.samples.findIndex(({ at }) => at >= wall);
    const [right, left] = [this.samples[after < 0 ? this.samples.length - 1 : after], this.samples[Math.max(0, (after < 0 ? this.samples.length : after) - 1)]];
    if (right === undefined || left === undefined || right.at === left.at) return right?.cpuSeconds ?? NaN;
    return left.cpuSeconds + ((right.cpuSeconds - left.cpuSeconds) * (wall - left.at)) / (right.at - left.at);
  }

  private sample(): void {
    try {
      const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      this.samples.push({ at: Date.now(), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND });
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
      if (peak !== undefined) this.peakMb = Math.round(Number(peak) / 1_024);
    } catch {
      // it has ended: what was seen stands
    }
  }
}
