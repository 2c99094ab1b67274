import { EngineError } from '../event/engine-error.js';

/** How far local time is ahead of UTC at an epoch ms, in ms. */
export type ZoneOffset = (ts: number) => number;

const QUARTER_MS = 900_000;

/**
 * Local time of a zone, by the platform's zone table. Offsets change only at whole quarters of an hour, so one answer holds for
 * a quarter and neighbouring events cost a comparison.
 * @param tz IANA name or UTC
 * @returns null for UTC
 * @throws EngineError `rule.invalid` on a name that the platform does not know
 */
export function zoneOffset(tz: string): ZoneOffset | null {
  if (tz === 'UTC') return null;
  const format = zoneFormat(tz);
  let quarter = NaN;
  let offset = 0;
  return (ts) => {
    const now = Math.floor(ts / QUARTER_MS);
    if (now !== quarter) {
      offset = offsetAt(format, now * QUARTER_MS);
      quarter = now;
    }
    return offset;
  };
}

function zoneFormat(tz: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: tz,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new EngineError('rule.invalid', { found: tz, where: 'tz', expected: 'an IANA time zone or UTC' });
  }
}

function offsetAt(format: Intl.DateTimeFormat, ts: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ts)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - ts;
}
