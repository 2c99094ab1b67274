import { ApiError } from '../api-error.js';
import { CLIENTS_REMEMBERED_MAX, FAILED_AUTH_DEBT_MS, GUESSING_TOLD_EVERY_S, FAILED_AUTH_PER_MINUTE, REQUEST_BURST_SECONDS, REQUESTS_PER_SECOND } from '../limits.js';
import type { ApiOptions } from '../options.js';
import { clientOf } from './client-address.js';
import { RateLimiter } from './rate-limiter.js';

/** How often one address may fail to authenticate, and how often one key may ask. Null limiters limit nothing. */
export class RequestLimits {
  private readonly failures: RateLimiter | null;
  private readonly requests: RateLimiter | null;
  private readonly told = new RateLimiter({ burst: 1, perSecond: 1 / GUESSING_TOLD_EVERY_S, keysMax: CLIENTS_REMEMBERED_MAX });
  private readonly onGuessing: (client: string) => void;

  constructor({ failedAuthPerMinute = FAILED_AUTH_PER_MINUTE, requestsPerSecond = REQUESTS_PER_SECOND, onGuessing = () => undefined }: Pick<ApiOptions, 'failedAuthPerMinute' | 'requestsPerSecond' | 'onGuessing'>) {
    this.onGuessing = onGuessing;
    this.failures = failedAuthPerMinute === 0 ? null : new RateLimiter({ burst: failedAuthPerMinute, perSecond: failedAuthPerMinute / 60, keysMax: CLIENTS_REMEMBERED_MAX });
    this.requests = requestsPerSecond === 0 ? null : new RateLimiter({ burst: requestsPerSecond * REQUEST_BURST_SECONDS, perSecond: requestsPerSecond, keysMax: CLIENTS_REMEMBERED_MAX });
  }

  /**
   * Good keys are refused too: to look at them would be to answer whether they are good.
   * @throws ApiError 429 `auth.too-many-failures`
   */
  refuseGuessing(address: string | undefined): void {
    const client = clientOf(address);
    const waitMs = this.failures?.waitMs(client) ?? 0;
    if (waitMs === 0) return;
    if (this.told.take(client) === 0) this.onGuessing(client);
    throw tooMany('auth.too-many-failures', 'this address has failed to authenticate too often', waitMs);
  }

  /** Failures that were under way together count together, so that many at once gain nothing. */
  countFailure(address: string | undefined): void {
    this.failures?.charge(clientOf(address), FAILED_AUTH_DEBT_MS);
  }

  /** @throws ApiError 429 `request.rate-limited` */
  countRequest(keyId: string): void {
    const waitMs = this.requests?.take(keyId) ?? 0;
    if (waitMs > 0) throw tooMany('request.rate-limited', 'this key asks too often', waitMs);
  }
}

function tooMany(code: string, reason: string, waitMs: number): ApiError {
  const retryAfter = Math.ceil(waitMs / 1_000);
  return new ApiError(429, code, `${reason}; try again in ${retryAfter} s`, undefined, { retryAfter });
}
