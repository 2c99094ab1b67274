import type { Query } from './compare.js';
import { mixedEvents, workloadEvents } from './events.js';
import type { EventTable } from './flink.js';

/** The tables that the queries read. */
export function tables(): Record<string, EventTable> {
  return { mixed: mixedEvents(1_500, 1), w1: workloadEvents('W1', 20_000), w3: workloadEvents('W3', 6_000), w6: workloadEvents('W6', 600) };
}

/** `MATCH_RECOGNIZE` over the mixed events: the measures, and what comes after them. */
const mixed = (name: string, measures: string, rest: string): Query => ({ name, table: 'mixed', sql: `SELECT * FROM mixed MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES ${measures} ONE ROW PER MATCH ${rest})` });

const MINUTE = `WITHIN INTERVAL '1' MINUTE`;
const PAST = 'AFTER MATCH SKIP PAST LAST ROW';

export const queries: readonly Query[] = [
  mixed('a sequence', 'A.id AS a, B.id AS b, B.ts AS b_ts', `${PAST} PATTERN (A B) ${MINUTE} DEFINE A AS type = 'a', B AS type = 'b'`),
  mixed('a sequence by default strategy', 'A.id AS a, B.id AS b, C.id AS c', `PATTERN (A B C) ${MINUTE} DEFINE A AS price < 5, B AS B.price > A.price, C AS C.price > B.price`),
  mixed('the next row', 'A.id AS a, LAST(B.id) AS b, C.id AS c', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B+ C) ${MINUTE} DEFINE A AS type = 'a', B AS type IN ('b', 'd'), C AS type = 'c'`),
  mixed('the first row of a variable', 'A.id AS a, FIRST(B.id) AS b, C.id AS c', `AFTER MATCH SKIP TO FIRST B PATTERN (A B+ C) ${MINUTE} DEFINE B AS type IN ('b', 'c'), C AS type = 'd'`),
  mixed('the last row of a variable', 'A.id AS a, LAST(B.id) AS b, C.id AS c', `AFTER MATCH SKIP TO LAST B PATTERN (A B+ C) ${MINUTE} DEFINE A AS type = 'a', B AS type IN ('a', 'b'), C AS type = 'c'`),
  mixed('greedy star', 'A.id AS a, COUNT(B.id) AS n, FIRST(B.id) AS b1, LAST(B.id) AS bn, C.id AS c', `${PAST} PATTERN (A B* C) ${MINUTE} DEFINE A AS type = 'a', B AS price < 6, C AS price > 5`),
  mixed('reluctant star', 'A.id AS a, COUNT(B.id) AS n, FIRST(B.id) AS b1, LAST(B.id) AS bn, C.id AS c', `${PAST} PATTERN (A B*? C) ${MINUTE} DEFINE A AS type = 'a', B AS price > 2, C AS price > 6`),
  mixed('greedy plus', 'A.id AS a, COUNT(B.id) AS n, C.id AS c', `${PAST} PATTERN (A B+ C) ${MINUTE} DEFINE A AS type = 'a', B AS price < 6, C AS price > 5`),
  mixed('reluctant plus', 'A.id AS a, COUNT(B.id) AS n, C.id AS c', `${PAST} PATTERN (A B+? C) ${MINUTE} DEFINE A AS type = 'a', B AS price > 2, C AS price > 6`),
  mixed('reluctant plus at the end', 'A.id AS a, COUNT(B.id) AS n', `${PAST} PATTERN (A B+?) ${MINUTE} DEFINE A AS type = 'a', B AS price > 2`),
  mixed('exactly three', 'FIRST(A.id) AS a, LAST(A.id) AS z, SUM(A.price) AS total', `${PAST} PATTERN (A{3}) ${MINUTE} DEFINE A AS price >= 2`),
  mixed('two to four', 'A.id AS a, COUNT(B.id) AS n, C.id AS c', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B{2,4} C) ${MINUTE} DEFINE B AS price > 1, C AS price <= 1`),
  mixed('two to four, reluctant, at the end', 'A.id AS a, COUNT(B.id) AS n', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B{2,4}?) ${MINUTE} DEFINE A AS type = 'a', B AS price > 1`),
  mixed('at least two', 'A.id AS a, COUNT(B.id) AS n, C.id AS c', `${PAST} PATTERN (A B{2,} C) ${MINUTE} DEFINE A AS type = 'a', B AS price > 1, C AS type = 'c'`),
  mixed('up to two', 'A.id AS a, COUNT(B.id) AS n, C.id AS c', `${PAST} PATTERN (A B{0,2} C) ${MINUTE} DEFINE A AS type = 'a', B AS price > 4, C AS price <= 4`),
  mixed('optional', 'A.id AS a, B.id AS b, C.id AS c', `${PAST} PATTERN (A B? C) ${MINUTE} DEFINE A AS type = 'a', B AS type = 'b', C AS price > 4`),
  mixed('optional at first', 'A.id AS a, B.id AS b, C.id AS c', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A? B C) ${MINUTE} DEFINE A AS type = 'a', B AS price > 3, C AS type = 'c'`),
  mixed('sum in a definition', 'A.id AS a, SUM(B.price) AS total, AVG(B.price) AS mean, MIN(B.price) AS least, MAX(B.price) AS most, COUNT(B.price) AS n, C.id AS c', `${PAST} PATTERN (A B+ C) ${MINUTE} DEFINE A AS type = 'a', B AS SUM(B.price) < 20, C AS C.price > 3`),
  mixed('average in a definition', 'A.id AS a, AVG(B.price) AS mean, C.id AS c', `${PAST} PATTERN (A B+ C) ${MINUTE} DEFINE B AS AVG(B.price) < 6, C AS C.price > AVG(B.price)`),
  mixed('least and most in a definition', 'A.id AS a, MIN(B.price) AS least, MAX(B.price) AS most, C.id AS c', `${PAST} PATTERN (A B+ C) ${MINUTE} DEFINE B AS MAX(B.price) - MIN(B.price) < 5, C AS TRUE`),
  mixed('count in a definition', 'A.id AS a, COUNT(B.price) AS n, C.id AS c', `${PAST} PATTERN (A B+ C) ${MINUTE} DEFINE A AS type = 'a', B AS COUNT(B.price) <= 3, C AS COUNT(B.price) >= 2`),
  mixed('falling prices', 'FIRST(A.price) AS top, LAST(A.price) AS bottom, COUNT(A.id) AS n, B.price AS back', `${PAST} PATTERN (A+ B) ${MINUTE} DEFINE A AS LAST(A.price, 1) IS NULL OR A.price < LAST(A.price, 1), B AS B.price > LAST(A.price)`),
  mixed('first and second of a loop', 'FIRST(A.id) AS a1, FIRST(A.id, 1) AS a2, LAST(A.id, 1) AS a3, LAST(A.id) AS a4', `${PAST} PATTERN (A{2,3} B) ${MINUTE} DEFINE A AS type <> 'b' AND A.price >= FIRST(A.price), B AS type = 'b'`),
  mixed('the last row of the whole match', 'A.id AS a, LAST(id) AS z, price AS last_price', `${PAST} PATTERN (A B) ${MINUTE} DEFINE A AS type = 'a', B AS type = 'b'`),
  mixed('a short time', 'A.id AS a, COUNT(B.id) AS n, C.id AS c, C.ts AS c_ts, TIMESTAMPDIFF(SECOND, A.ts, C.ts) AS s', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B*? C) WITHIN INTERVAL '5' SECOND DEFINE A AS type = 'a', C AS type = 'c'`),
  mixed('time in conditions', 'A.id AS a, B.id AS b, C.id AS c', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B C) ${MINUTE} DEFINE B AS B.ts < A.ts + INTERVAL '3' SECOND AND B.ts > A.ts, C AS TIMESTAMPDIFF(SECOND, A.ts, C.ts) >= 2`),
  mixed('relaxed contiguity by a reluctant variable', 'A.id AS a, B.id AS b', `${PAST} PATTERN (A X*? B) ${MINUTE} DEFINE A AS type = 'a', X AS (type = 'b' AND price > 5) IS NOT TRUE, B AS type = 'b' AND price > 5`),
  mixed('unknown conditions', 'A.id AS a, B.id AS b', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B) ${MINUTE} DEFINE A AS NOT (price > 5 AND name = 'ann'), B AS NOT (B.price > A.price OR flag)`),
  mixed('is true and is null', 'A.id AS a, B.id AS b, C.id AS c', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B C) ${MINUTE} DEFINE A AS flag IS NOT TRUE, B AS B.price IS NULL OR (B.price > A.price) IS NOT FALSE, C AS name IS NOT NULL AND flag IS NOT FALSE`),
  mixed('like', 'A.id AS a, B.name AS b, C.name AS c', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B C) ${MINUTE} DEFINE A AS name LIKE 'a%', B AS name LIKE '_!__' ESCAPE '!' OR name LIKE '%n%', C AS name NOT LIKE '%b'`),
  mixed('between and in', 'A.id AS a, B.id AS b', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B) ${MINUTE} DEFINE A AS price BETWEEN 2 AND 6.5 AND type NOT IN ('c', 'd'), B AS price NOT BETWEEN A.price - 1 AND A.price + 1 AND name IN ('ann', 'bob')`),
  mixed('case and functions', `A.id AS a, UPPER(B.name) AS big, ABS(B.price - A.price) AS gap, COALESCE(B.name, 'nobody') AS who, IF(A.flag, 'yes', 'no') AS flagged, NULLIF(A.name, 'ann') AS other, CASE WHEN A.flag THEN 1 END AS single, CASE WHEN B.price > A.price THEN 'up' ELSE 'down' END AS way, A.type || '-' || B.type AS way2`, `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B) ${MINUTE} DEFINE A AS CHAR_LENGTH(name) = 3, B AS CASE WHEN B.type = 'a' THEN B.price > 5 ELSE B.price < 5 END`),
  mixed('arithmetic', 'A.price * 2 + B.price / 4 - 1 AS x, -A.price AS y, POWER(A.price, 2) AS z, FLOOR(B.price) AS f, CEIL(B.price) AS c', `AFTER MATCH SKIP TO NEXT ROW PATTERN (A B) ${MINUTE} DEFINE B AS B.price * 2 >= A.price / 0.5`),
  { name: 'selected columns', table: 'mixed', sql: `SELECT m.a AS first_id, m.k FROM mixed MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES A.id AS a, B.id AS b ${PAST} PATTERN (A B) ${MINUTE} DEFINE A AS type = 'a', B AS type = 'b') AS m` },
  {
    name: 'W1',
    table: 'w1',
    sql: `SELECT * FROM w1 MATCH_RECOGNIZE (PARTITION BY card ORDER BY ts MEASURES small.id AS small_id, \`large\`.id AS large_id, \`large\`.amountMinor AS amount ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
      PATTERN (small between1*? \`large\`) WITHIN INTERVAL '00:10:00.001' HOUR TO SECOND
      DEFINE small AS type = 'payment' AND amountMinor < 20000, between1 AS (type = 'payment' AND amountMinor >= 2000000) IS NOT TRUE, \`large\` AS type = 'payment' AND amountMinor >= 2000000)`,
  },
  {
    name: 'W3',
    table: 'w3',
    sql: `SELECT * FROM w3 MATCH_RECOGNIZE (PARTITION BY \`user\` ORDER BY ts MEASURES here.id AS here_id, there.id AS there_id ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
      PATTERN (here between1*? there) WITHIN INTERVAL '10' MINUTE
      DEFINE there AS ABS(there.lat - here.lat) + ABS(there.lon - here.lon) > 1, between1 AS ABS(between1.lat - here.lat) + ABS(between1.lon - here.lon) <= 1)`,
  },
  {
    name: 'W6',
    table: 'w6',
    sql: `SELECT * FROM w6 MATCH_RECOGNIZE (PARTITION BY card ORDER BY ts MEASURES a.id AS a_id, b.id AS b_id, COUNT(x.id) AS n ONE ROW PER MATCH AFTER MATCH SKIP TO NEXT ROW
      PATTERN (a x*? b) WITHIN INTERVAL '5' MINUTE DEFINE a AS type = 'A', b AS type = 'B' AND COUNT(x.id) >= 3)`,
  },
];
