/** The caller's mistake, in words for a terminal. */
export class BatchError extends Error {
  override readonly name = 'BatchError';
}
