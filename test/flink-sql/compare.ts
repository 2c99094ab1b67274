import type { JsonValue } from '../../src/event/stream-event.js';
import { runOnFlink, type EventTable, type Row } from './flink.js';
import { runOnVigil } from './vigil.js';

export interface Query {
  readonly name: string;
  /** of the table of the same name among those given */
  readonly table: string;
  readonly sql: string;
}

/** How the answers to one query compare, as multisets of rows. */
export interface Comparison {
  readonly query: Query;
  /** rows of Flink's answer */
  readonly flinkRows: number;
  /** rows that one answer has more of than the other; empty where both are the same */
  readonly onlyFlink: readonly string[];
  readonly onlyVigil: readonly string[];
  /** who refuses the text, and why */
  readonly refused: { readonly flink?: string; readonly vigil?: string };
}

/** Patterns that give their matches out as Flink does: behind older ones that may still complete. */
export const AS_FLINK: Readonly<Record<string, JsonValue>> = { emit: 'ordered' };

/** Asks Flink and Vigil the same and compares what they answer. */
export async function compare(tables: Readonly<Record<string, EventTable>>, queries: readonly Query[], pattern = AS_FLINK): Promise<Comparison[]> {
  const answers = await runOnFlink(tables, queries);
  return queries.map((query) => {
    const flink = answers.get(query.name) ?? { error: 'no answer' };
    const vigil = runOnVigil(query.sql, tables[query.table] as EventTable, pattern);
    const refused = { ...('error' in flink ? { flink: flink.error } : {}), ...('error' in vigil ? { vigil: vigil.error } : {}) };
    const [ofFlink, ofVigil] = [flink, vigil].map((answer) => ('rows' in answer ? answer.rows.map(lineOf) : [])) as [string[], string[]];
    return { query, flinkRows: ofFlink.length, onlyFlink: without(ofFlink, ofVigil), onlyVigil: without(ofVigil, ofFlink), refused };
  });
}

export function agrees({ onlyFlink, onlyVigil, refused }: Comparison): boolean {
  return onlyFlink.length === 0 && onlyVigil.length === 0 && refused.flink === undefined && refused.vigil === undefined;
}

/** A row as text, whatever the order of its columns; NULL and a fact that is missing are the same. */
function lineOf(row: Row): string {
  const columns = Object.entries(row).filter(([, value]) => value !== null);
  return JSON.stringify(Object.fromEntries(columns.sort(([a], [b]) => (a < b ? -1 : 1))));
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
