import type { EventTable, Row } from './flink.js';

/** Events of one key, a second apart, as `id:type:price`. */
function events(text: string): EventTable {
  const rows = text.split(' ').map((event, i): Row => {
    const [id, type, price] = event.split(':') as [string, string, string?];
    return { id, type, k: 'k', ts: i * 1_500, ...(price === undefined ? {} : { price: Number(price), cents: Number(price) }), name: type };
  });
  return { columns: { id: 'STRING', type: 'STRING', k: 'STRING', ts: 'TIME', price: 'DOUBLE', cents: 'BIGINT', name: 'STRING' }, events: rows };
}

/** What the two answer differently on purpose, as `docs/sql.md` says: each with both answers. */
export interface Difference {
  readonly name: string;
  readonly table: EventTable;
  readonly sql: string;
  readonly flink: readonly Row[];
  readonly vigil: readonly Row[];
  /** Vigil gives Flink's answer with `emit: ordered` */
  readonly ordered?: true;
}

const query = (table: string, measures: string, pattern: string, define: string, within = `'1' MINUTE`): string =>
  `SELECT * FROM ${table} MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES ${measures} AFTER MATCH SKIP PAST LAST ROW PATTERN (${pattern}) WITHIN INTERVAL ${within} DEFINE ${define})`;
const one = (measures: string): string => query('difference', measures, 'A B', `A AS type = 'a', B AS type = 'b'`);

export const differences: readonly Difference[] = [
  {
    name: 'a full greedy range does not mind more',
    table: events('e1:a e2:b e3:b e4:bc'),
    sql: query('difference', 'A.id AS a, COUNT(B.id) AS n, C.id AS c', 'A B{1,2} C', `A AS type = 'a', B AS type LIKE 'b%', C AS type LIKE '%c'`),
    flink: [],
    vigil: [{ k: 'k', a: 'e1', n: 2, c: 'e4' }],
  },
  {
    name: 'matches are given out at once',
    table: events('e1:a:5 e2:a:1 e3:b:3 e4:b:9'),
    sql: query('difference', 'A.id AS a, C.id AS c', 'A B*? C', `A AS type = 'a', C AS price > A.price + 1`),
    flink: [{ k: 'k', a: 'e1', c: 'e4' }],
    vigil: [{ k: 'k', a: 'e2', c: 'e3' }],
    ordered: true,
  },
  { name: 'numbers are doubles', table: events('e1:a:5 e2:b:2'), sql: one('A.cents / B.cents AS x, 5 / 2 AS y'), flink: [{ k: 'k', x: 2, y: 2 }], vigil: [{ k: 'k', x: 2.5, y: 2.5 }] },
  { name: 'a division by zero has no value', table: events('e1:a:5 e2:b:0'), sql: one('A.price / B.price AS x, A.id AS a'), flink: [{ k: 'k', x: 'Infinity', a: 'e1' }], vigil: [{ k: 'k', a: 'e1' }] },
  { name: 'least and most are of numbers', table: events('e1:a e2:b'), sql: one('MIN(A.name) AS x, A.id AS a'), flink: [{ k: 'k', x: 'a', a: 'e1' }], vigil: [{ k: 'k', a: 'e1' }] },
  { name: 'a difference of times is exact', table: events('e1:a e2:b'), sql: one('TIMESTAMPDIFF(MILLISECOND, A.ts, B.ts) AS x'), flink: [{ k: 'k', x: 1_000 }], vigil: [{ k: 'k', x: 1_500 }] },
  {
    name: 'the second of several events, of which one has no value',
    table: events('e1:a:1 e2:a e3:a:3 e4:b'),
    sql: query('difference', 'FIRST(A.price, 2) AS x, LAST(A.price) AS y', 'A{3} B', `A AS type = 'a', B AS type = 'b'`),
    flink: [{ k: 'k', x: 3, y: 3 }],
    vigil: [{ k: 'k', y: 3 }],
  },
];

/** What only one of the two takes. */
export const refused = {
  byFlink: ['A (B | C)', '(A B){2}', 'PERMUTE(A, B)', 'A {- C*? -} B', `A B ABSENT FOR INTERVAL '1' SECOND`, 'A?? B', 'A+ B? C'].map((pattern) => query('difference', 'A.id AS a', pattern, `A AS type = 'a'`)).concat(
    ['COUNT(DISTINCT A.id) AS n', 'COUNT(A.*) AS n', 'B.ts - A.ts AS n', 'A.price % 2 AS n'].map(one),
    query('difference', 'A.id AS a', 'A B', `B AS B.type != 'a'`),
    query('difference', 'A.id AS a', 'A B', `A AS type = 'a'`, `'120' SECOND`),
  ),
  byVigil: [...['SUM(price) AS n', 'SUM(A.price * 2) AS n', 'CAST(A.price AS INT) AS n'].map(one), one('A.id AS a').replace(` WITHIN INTERVAL '1' MINUTE`, '')],
};
