import { monitorEventLoopDelay } from 'node:perf_hooks';
import { observabilityLimits } from './limits.js';

/** How late the event loop comes round, over the last one to two spans. */
export class LoopDelay {
  private readonly histogram: ReturnType<typeof monitorEventLoopDelay>;
  private readonly timer: NodeJS.Timeout;
  private before: readonly number[] = [0, 0, 0];

  constructor() {
    const { loopDelayResolutionMs, loopDelaySpanMs } = observabilityLimits;
    this.histogram = monitorEventLoopDelay({ resolution: loopDelayResolutionMs });
    this.histogram.enable();
    this.timer = setInterval(() => this.turn(), loopDelaySpanMs).unref();
  }

  /** ms by quantile. */
  read(): { readonly quantile: string; readonly ms: number }[] {
    const now = this.quantiles();
    return ['0.5', '0.99', '1'].map((quantile, i) => ({ quantile, ms: Math.max(now[i] as number, this.before[i] as number) }));
  }

  stop(): void {
    this.histogram.disable();
    clearInterval(this.timer);
  }

  private turn(): void {
    this.before = this.quantiles();
    this.histogram.reset();
  }

  /** The measurement's own period is no delay. */
  private quantiles(): number[] {
    if (this.histogram.count === 0) return [0, 0, 0];
    return [this.histogram.percentile(50), this.histogram.percentile(99), this.histogram.max].map((ns) => Math.max(0, ns / 1e6 - observabilityLimits.loopDelayResolutionMs));
  }
}

/** Bytes by kind: of the process, and of the heap of this thread. */
export function memoryBytes(): { readonly kind: string; readonly bytes: number }[] {
  return [{ kind: 'resident', bytes: process.memoryUsage.rss() }, ...heapBytes()];
}

/** What this thread has of its own, bytes by kind. */
export function heapBytes(): { readonly kind: string; readonly bytes: number }[] {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return [
    { kind: 'heap', bytes: heapUsed },
    { kind: 'external', bytes: external },
    { kind: 'array-buffers', bytes: arrayBuffers },
  ];
}

/** Seconds of processor time by mode. */
export function cpuSeconds(): { readonly mode: string; readonly seconds: number }[] {
  const { user, system } = process.cpuUsage();
  return [
    { mode: 'user', seconds: user / 1e6 },
    { mode: 'system', seconds: system / 1e6 },
  ];
}
