import { Worker } from 'node:worker_threads';
import type { AnswerTo, Question } from './task-side.js';
import { errorOf, type FromThread, type ThreadStart, type Told, type ToThread } from './thread-messages.js';

/** A thread that has not answered by then is left out, ms: a slice of its work takes 20, a full collection of a large heap some hundred. */
const ANSWER_WITHIN_MS = 2_000;

/** How a thread ended. */
export interface ThreadEnd {
  readonly reason: string;
  /** where in the code, as far as it is known */
  readonly stack: string;
}

/** What a thread threw has crossed from there: it need not be an instance of the `Error` of here. */
function causeOf(thrown: unknown): Error {
  const { message, stack } = (thrown ?? {}) as { readonly message?: unknown; readonly stack?: unknown };
  if (typeof message !== 'string') return new Error(String(thrown));
  return Object.assign(new Error(message), typeof stack === 'string' ? { stack } : {});
}

/** A thread of tasks as the main thread has it, from its start to its end. */
export class TaskThreadHandle {
  /** resolves once it answers questions; rejects where it ends before */
  readonly isUp: Promise<void>;
  /** resolves once it is a member of the group; rejects where it ends before */
  readonly hasJoined: Promise<void>;
  /** resolves when it is gone, whatever for */
  readonly ended: Promise<ThreadEnd>;
  private readonly worker: Worker;
  private readonly starting = Promise.withResolvers<void>();
  private readonly joining = Promise.withResolvers<void>();
  private readonly asked = new Map<number, { readonly settle: (answer: AnswerTo<Question>) => void; readonly fail: (reason: Error) => void }>();
  private lastAsked = 0;
  private state: 'starting' | 'up' | 'over' = 'starting';
  /** why it ends, where it or this side has said so */
  private because: Error | null = null;

  constructor(
    file: URL,
    private readonly start: ThreadStart,
    private readonly hear: (told: Told) => void,
  ) {
    this.isUp = this.starting.promise;
    this.hasJoined = this.joining.promise;
    // whoever waits for them hears of it; nobody may
    this.isUp.catch(() => undefined);
    this.hasJoined.catch(() => undefined);
    this.worker = new Worker(file, { workerData: start, name: `tasks-${start.thread}` });
    this.worker.on('message', (message: FromThread) => this.take(message));
    this.worker.on('error', (error) => {
      this.because ??= causeOf(error);
    });
    this.ended = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        const because = this.because ?? new Error(`it ended with ${code}`);
        this.state = 'over';
        this.starting.reject(because);
        this.joining.reject(because);
        for (const { fail } of this.asked.values()) fail(because);
        resolve({ reason: because.message, stack: because.stack ?? '' });
      });
    });
  }

  /** Whether it answers questions. */
  get answers(): boolean {
    return this.state === 'up';
  }

  /** Becomes a member of the group. To be called once it is up. */
  join(): void {
    this.say({ kind: 'join' });
  }

  /** @throws Error where it does not answer */
  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    const number = ++this.lastAsked;
    return new Promise((resolve, reject) => {
      const over = (act: () => void) => (): void => {
        clearTimeout(timer);
        this.asked.delete(number);
        act();
      };
      const silent = new Error(`thread ${this.start.thread} does not answer`);
      const timer = setTimeout(over(() => reject(silent)), ANSWER_WITHIN_MS);
      if (!this.answers) return over(() => reject(silent))();
      this.asked.set(number, { settle: (answer) => over(() => resolve(answer as AnswerTo<Q>))(), fail: (reason) => over(() => reject(reason))() });
      this.say({ kind: 'ask', number, question });
    });
  }

  /** Commits what was taken, writes all state, leaves and ends. One that is still starting has nothing to write. */
  async drain(): Promise<void> {
    if (this.answers) this.say({ kind: 'drain' });
    else this.end(new Error('it was still starting'));
    await this.ended;
  }

  /** Ends at once. */
  end(because: Error): void {
    this.because ??= because;
    if (this.state !== 'over') void this.worker.terminate();
  }

  private say(message: ToThread): void {
    this.worker.postMessage(message);
  }

  private take(message: FromThread): void {
    switch (message.kind) {
      case 'up':
        this.state = 'up';
        return this.starting.resolve();
      case 'joined':
        return this.joining.resolve();
      case 'refused':
      case 'lost':
        return this.end(errorOf(message.error));
      case 'answer':
        return this.asked.get(message.number)?.settle(message.answer);
      case 'noAnswer':
        return this.asked.get(message.number)?.fail(errorOf(message.error));
      case 'told':
        return message.all.forEach(this.hear);
      case 'drained':
        return this.end(new Error('it was drained'));
    }
  }
}
