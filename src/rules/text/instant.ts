import type { FieldValue } from '../../event/stream-event.js';

const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * A point in time: epoch ms as a number, or ISO 8601 text with a zone (`2026-01-01T00:00:00Z`; a bare date is its midnight UTC).
 * @returns epoch ms, or undefined where the value is neither
 */
export function instantOf(value: FieldValue): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.length > 40 || !ISO.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}
