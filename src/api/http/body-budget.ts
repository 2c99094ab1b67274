import { ApiError } from '../api-error.js';
import type { Patience } from './patience.js';

/** Bytes of bodies that the process holds whole at one time, over all requests. */
export class BodyBudget {
  private held = 0;

  constructor(private readonly bytesMax: number) {}

  get heldBytes(): number {
    return this.held;
  }

  /** @returns false where they would be too many */
  hold(bytes: number): boolean {
    if (this.held + bytes > this.bytesMax) return false;
    this.held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.held -= bytes;
  }
}

/** The share of one request; given back when its answer is done. */
export class BodyShare {
  private bytes = 0;

  constructor(private readonly budget: BodyBudget) {}

  /** @throws ApiError 503 `request.busy` */
  hold(bytes: number): void {
    if (!this.budget.hold(bytes)) throw new ApiError(503, 'request.busy', 'the process holds as many large bodies as it can', undefined, { retryAfter: 1 });
    this.bytes += bytes;
  }

  release(): void {
    this.budget.release(this.bytes);
    this.bytes = 0;
  }
}

/** What a request's body may take: a share of the budget, and time. */
export interface BodyTerms {
  readonly share: BodyShare;
  readonly patience: Patience;
}
