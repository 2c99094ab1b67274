import { trace, type Attributes } from '@opentelemetry/api';

/**
 * Makes the span of one transaction of a task after it ended: one for each commit, never one for each event. Costs nothing while no
 * traces are sent.
 * @param ms how long it took, up to now
 */
export function traceTransaction(attributes: Attributes, ms: number): void {
  const endedAt = Date.now();
  trace.getTracer('vigil').startSpan('task transaction', { startTime: endedAt - ms, attributes, root: true }).end(endedAt);
}
