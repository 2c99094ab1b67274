import { BODY_IDLE_MS, BODY_WITHIN_MS, HEADERS_CHECK_MS, HEADERS_WITHIN_MS, REFUSED_BODY_MS } from '../limits.js';

/** How long a client may take, ms. */
export interface Patience {
  /** for the head of a request, and how often that is looked at */
  readonly headMs: number;
  readonly headCheckMs: number;
  /** between two pieces of a body */
  readonly bodyIdleMs: number;
  /** for a body that is held whole */
  readonly bodyMs: number;
  /** for the rest of a body that was refused */
  readonly refusedBodyMs: number;
}

export const DEFAULT_PATIENCE: Patience = { headMs: HEADERS_WITHIN_MS, headCheckMs: HEADERS_CHECK_MS, bodyIdleMs: BODY_IDLE_MS, bodyMs: BODY_WITHIN_MS, refusedBodyMs: REFUSED_BODY_MS };
