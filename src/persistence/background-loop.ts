import { setTimeout as pauseFor } from 'node:timers/promises';

/** How a background job stands; `reason` says what it waits for or why it refuses. */
export interface JobStatus {
  readonly state: 'stopped' | 'standby' | 'working' | 'waiting' | 'refused';
  readonly reason: string | null;
}

export interface JobLogger {
  info(message: string): void;
  warn(message: string): void;
}

/** What one step came to, and ms until the next. */
export interface StepOutcome {
  readonly status: JobStatus;
  /** unless `wake` is called */
  readonly pauseMs: number;
  /** before that, whoever calls: what comes meanwhile shares the next step; default 0 */
  readonly restMs?: number;
}

/**
 * Repeats a step until stopped, one at a time. A step that throws makes the job `waiting` with the error as its reason, and is
 * tried again. Changes of state are logged once each.
 */
export class BackgroundLoop {
  private status: JobStatus = { state: 'stopped', reason: null };
  private running: Promise<void> | null = null;
  private stopping = new AbortController();
  private woken = false;
  private wakeUp: () => void = () => {};
  private readonly name: string;
  private readonly step: (signal: AbortSignal) => Promise<StepOutcome>;
  private readonly retryMs: number;
  private readonly logger: JobLogger;

  constructor(name: string, retryMs: number, logger: JobLogger, step: (signal: AbortSignal) => Promise<StepOutcome>) {
    this.name = name;
    this.retryMs = retryMs;
    this.logger = logger;
    this.step = step;
  }

  get current(): JobStatus {
    return this.status;
  }

  start(): void {
    if (this.running) return;
    this.stopping = new AbortController();
    this.running = this.run(this.stopping.signal);
  }

  /** Makes the next step begin now, or right after the present one. */
  wake(): void {
    this.woken = true;
    this.wakeUp();
  }

  /** Resolves after the present step. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wakeUp();
    await this.running;
    this.running = null;
    this.status = { state: 'stopped', reason: null };
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.woken = false;
      const outcome = await this.attempt(signal);
      this.report(outcome.status);
      if (outcome.restMs !== undefined && outcome.restMs > 0) await pauseFor(outcome.restMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted && !this.woken) await this.pause(outcome.pauseMs);
    }
  }

  private async attempt(signal: AbortSignal): Promise<StepOutcome> {
    try {
      return await this.step(signal);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { status: { state: 'waiting', reason }, pauseMs: this.retryMs };
    }
  }

  private report(status: JobStatus): void {
    if (status.state !== this.status.state || (status.state === 'refused' && status.reason !== this.status.reason)) {
      const text = `${this.name}: ${status.state}${status.reason === null ? '' : `, ${status.reason}`}`;
      if (status.state === 'waiting' || status.state === 'refused') this.logger.warn(text);
      else this.logger.info(text);
    }
    this.status = status;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
