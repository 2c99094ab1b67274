import type { Query } from './compare.js';
import { numbersFrom } from './events.js';

const LOOPS = ['', '', '', '+', '*', '?', '+?', '*?', '{2}', '{2,}', '{1,3}?', '{0,2}?'];
const GREEDY = ['+', '*', '{2,}'];
const OPTIONAL = ['*', '?', '*?', '{0,2}?'];
const SKIPS = ['PAST LAST ROW', 'PAST LAST ROW', 'TO NEXT ROW'];
const NAMES = ['A', 'B', 'C', 'D'];

/**
 * Queries over the mixed events by chance, the same ones for the same seed. They leave out what is known to be answered differently: greedy
 * ranges with an end; and what Flink refuses: what may be left out behind a greedy loop.
 */
export function randomQueries(count: number, seed: number): Query[] {
  const writer = new QueryWriter(numbersFrom(seed));
  return Array.from({ length: count }, (_, i) => ({ name: `random ${i}`, table: 'mixed', sql: writer.query() }));
}

class QueryWriter {
  constructor(private readonly next: () => number) {}

  query(): string {
    const names = NAMES.slice(0, 2 + this.below(3));
    const loops: string[] = [];
    while (loops.length < names.length) loops.push(this.loopAfter(loops.at(-1)));
    // the last one must not be greedy, and something has to be there
    loops[loops.length - 1] = this.one(['', '', '+?', '{2}']);
    const pattern = names.map((name, i) => `${name}${loops[i]}`).join(' ');
    const define = names.flatMap((name, i) => (this.below(6) === 0 ? [] : [`${name} AS ${this.condition(names.slice(0, i), name, 2)}`]));
    const measures = names.flatMap((name) => [`FIRST(${name}.id) AS ${name}_first`, `LAST(${name}.id) AS ${name}_last`, `${this.measure(name)} AS ${name}_value`]);
    const within = this.one([`'5' SECOND`, `'20' SECOND`, `'1' MINUTE`]);
    return `SELECT * FROM mixed MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES ${measures.join(', ')} ONE ROW PER MATCH AFTER MATCH SKIP ${this.skip(loops)} PATTERN (${pattern}) WITHIN INTERVAL ${within} DEFINE ${define.length === 0 ? 'A AS TRUE' : define.join(', ')})`;
  }

  /** Flink ends with an error if it is to skip to the first row of a match, or to a variable without rows. */
  private skip(loops: readonly string[]): string {
    const to = 1 + this.below(loops.length - 1);
    const possible = !OPTIONAL.includes(loops[0] as string) && !OPTIONAL.includes(loops[to] as string);
    return possible && this.below(3) === 0 ? `TO ${this.one(['FIRST', 'LAST'])} ${NAMES[to]}` : this.one(SKIPS);
  }

  private loopAfter(before: string | undefined): string {
    const loop = this.one(LOOPS);
    return before !== undefined && GREEDY.includes(before) && OPTIONAL.includes(loop) ? '' : loop;
  }

  private measure(of: string): string {
    return this.one([`COUNT(${of}.price)`, `SUM(${of}.price)`, `AVG(${of}.price)`, `MIN(${of}.price)`, `MAX(${of}.price)`, `${of}.name`, `${of}.ts`, `CASE WHEN ${of}.price > 4 THEN 'high' WHEN ${of}.flag THEN 'flag' ELSE 'low' END`, `COALESCE(${of}.name, 'none')`, `COALESCE(SUM(${of}.price), 0) + 1`]);
  }

  /** @param earlier variables that may be read beside the own one */
  private condition(earlier: readonly string[], own: string, depth: number): string {
    const inner = (): string => `(${this.condition(earlier, own, depth - 1)})`;
    const kind = depth === 0 ? 0 : this.below(8);
    if (kind === 1) return `${inner()} AND ${inner()}`;
    if (kind === 2) return `${inner()} OR ${inner()}`;
    if (kind === 3) return `NOT ${inner()}`;
    if (kind === 4) return `${inner()} IS ${this.one(['', 'NOT '])}${this.one(['TRUE', 'FALSE'])}`;
    if (kind === 5) return `CASE WHEN ${inner()} THEN ${inner()} ELSE ${inner()} END`;
    const before = earlier.length > 0 && this.below(2) === 0 ? this.one(earlier) : null;
    if (before !== null) return this.overEarlier(before);
    return this.below(4) === 0 ? this.overOwn(own) : this.overEvent();
  }

  private overEvent(): string {
    const n = this.below(20) / 2;
    return this.one([`price > ${n}`, `price <= ${n}`, `price <> ${n}`, `price BETWEEN ${n} AND ${n + 3}`, `price NOT IN (1, 2, ${n})`, `price IS NOT NULL`, `name LIKE 'a%'`, `name NOT LIKE '%n%'`, `name = 'ann'`, `flag`, `NOT flag`, `flag IS NOT TRUE`, `type IN ('a', 'b')`, `type = 'a'`, `type <> 'c'`, `price * 2 - 1 > ${n}`, `ABS(price - 5) < ${n}`, `UPPER(name) = 'ANN'`]);
  }

  private overEarlier(of: string): string {
    const n = this.below(20) / 2;
    return this.one([`price > ${of}.price`, `price >= FIRST(${of}.price)`, `name = ${of}.name`, `type <> ${of}.type`, `flag = ${of}.flag`, `price > AVG(${of}.price)`, `price < MAX(${of}.price) + 1`, `SUM(${of}.price) > ${n}`, `COUNT(${of}.price) < 3`, `ts < ${of}.ts + INTERVAL '10' SECOND`, `LAST(${of}.id, 1) IS NULL`, `${of}.price IS NULL`, `COALESCE(${of}.price, price) > ${n}`, `price NOT BETWEEN ${of}.price - 1 AND ${of}.price + 1`]);
  }

  private overOwn(own: string): string {
    const n = this.below(20) / 2;
    return this.one([`SUM(${own}.price) < ${n + 10}`, `COUNT(${own}.id) <= 3`, `COUNT(${own}.price) < 3`, `AVG(${own}.price) > ${n / 2}`, `MAX(${own}.price) - MIN(${own}.price) < ${n}`, `LAST(${own}.price, 1) IS NULL OR ${own}.price > LAST(${own}.price, 1)`, `${own}.price >= FIRST(${own}.price)`]);
  }

  private one<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  private below(n: number): number {
    return Math.floor(this.next() * n);
  }
}
