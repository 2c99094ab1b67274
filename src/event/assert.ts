/** Thrown when one of our own invariants is broken: never the caller's mistake. It stops the task that met it. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Checks an invariant of ours; assertions stay on in production. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The value of an index or lookup that an invariant says is there. */
export function present<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new AssertionError(message);
  return value;
}
