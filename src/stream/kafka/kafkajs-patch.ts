import type { RequestQueue } from 'kafkajs/src/network/connection.js';
import { createHash } from 'node:crypto';

/** Of `RequestQueue.scheduleCheckPendingRequests` in kafkajs 2.2.4; another text means another kafkajs, which is left alone. */
const KNOWN_SHA256 = '04347ea969c6f2e3754427c0cbaee0bd4ce947fbd82f7b6e027506a06dfc581a';

/**
 * kafkajs 2.2.4 arms a timer of (in effect) 1 ms after each answer and again whenever it fires, for ever and per connection,
 * although there is nothing to do unless requests wait for a throttle to end. This makes it so.
 * @returns false when the method is not the one known
 */
export function withoutIdleTimer(queue: RequestQueue): boolean {
  const original: unknown = queue.scheduleCheckPendingRequests;
  if (typeof original !== 'function' || !isKnown(original)) return false;
  queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) original.call(this);
  };
  return true;
}

const known = new WeakMap<object, boolean>();

function isKnown(method: { toString(): string }): boolean {
  let answer = known.get(method);
  if (answer === undefined) {
    answer = createHash('sha256').update(method.toString()).digest('hex') === KNOWN_SHA256;
    known.set(method, answer);
  }
  return answer;
}
