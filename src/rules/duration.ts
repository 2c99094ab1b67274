import { ruleLimits } from './limits.js';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const PART = /(\d{1,15})(ms|s|m|h|d|w)/y;

/** What a duration may be written as, for messages. */
export const DURATION_FORMS = 'a duration such as "10m", "1h30m", "7d" (units ms, s, m, h, d, w) or a whole number of ms';

/**
 * Reads a duration: text such as `"1h30m"` (units in any order, each once), or whole ms.
 * @returns ms, 0 … `durationMsMax`; null where the value is not a duration
 */
export function parseDuration(value: unknown): number | null {
  if (typeof value === 'number') return inRange(value);
  if (typeof value !== 'string' || value.length === 0 || value.length > 64) return null;
  const seen = new Set<string>();
  let ms = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < value.length) {
    const found = PART.exec(value);
    if (!found) return null;
    const unit = found[2] as keyof typeof UNIT_MS;
    if (seen.has(unit)) return null;
    seen.add(unit);
    ms += Number(found[1]) * UNIT_MS[unit];
  }
  return inRange(ms);
}

function inRange(ms: number): number | null {
  return Number.isInteger(ms) && ms >= 0 && ms <= ruleLimits.durationMsMax ? ms : null;
}
