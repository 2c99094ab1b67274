import { unsayable } from './unsayable.js';

/** Words of SQL that our grammar and Flink's keep for themselves, as far as fields and stages are likely to be called by them. */
const RESERVED = new Set(
  ('ABSENT AFTER ALL AND AS ASC AT BETWEEN BY CASE COUNT CURRENT DATE DAY DEFINE DESC DISTINCT ELSE END ESCAPE EXISTS FALSE FIRST FOR FROM FULL GROUP HOUR IN INNER INTERVAL INTO IS JOIN KEY LAST LEFT LIKE LIMIT MATCH ' +
    'MATCH_RECOGNIZE MEASURES METHOD MINUTE MODULE MONTH NEXT NOT NULL OF OFFSET ON ONE OR ORDER OUTER PARTITION PAST PATTERN PER PERCENT PERMUTE POSITION RANGE RANK RESULT RIGHT ROW ROWS SECOND SELECT SET SKIP START SUBSET SUM ' +
    'TABLE THEN TIME TIMESTAMP TO TRUE UNION UNKNOWN USER USING VALUE VALUES WHEN WHERE WITHIN WITH YEAR').split(' '),
);

/** A name, quoted as Flink does where it has to be. */
export function quoted(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name.toUpperCase())) return name;
  if (/[\r\n]/.test(name)) return unsayable('a name of several lines');
  return `\`${name.replaceAll('`', '``')}\``;
}

export function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  return unsayable('a literal that SQL has not');
}

const UNITS = [['DAY', 86_400_000], ['HOUR', 3_600_000], ['MINUTE', 60_000], ['SECOND', 1_000]] as const;

/** A length of time in the largest unit that it is a whole number of, or in seconds and their fraction. */
export function interval(ms: number): string {
  for (const [unit, size] of UNITS) if (ms % size === 0 && ms > 0) return `INTERVAL '${ms / size}' ${unit}`;
  return `INTERVAL '${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, '0')}' SECOND`;
}

/** A text of `LIKE` that stands for itself. */
export function likeLiteral(text: string, before: string, after: string): string {
  const special = /[%_!]/.test(text);
  const body = special ? text.replace(/[%_!]/g, '!$&') : text;
  return `${literal(before + body + after)}${special ? " ESCAPE '!'" : ''}`;
}
