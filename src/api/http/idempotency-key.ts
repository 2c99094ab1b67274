import { ApiError } from '../api-error.js';
import { IDEMPOTENCY_KEY_LENGTH_MAX } from '../limits.js';
import type { ApiRequest } from './request-context.js';

/** What stands in the header `Idempotency-Key`; null where it was not sent. @throws ApiError 400 */
export function idempotencyKeyOf(request: ApiRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x21-\x7e]+$/.test(key) && key.length <= IDEMPOTENCY_KEY_LENGTH_MAX) return key;
  throw new ApiError(400, 'request.invalid-header', `Idempotency-Key must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} visible ASCII characters`, undefined, { header: 'Idempotency-Key' });
}
