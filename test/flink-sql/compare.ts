import type { JsonValue } from '../../src/event/stream-event.js';
import type { EventTable, FlinkAnswer, Row } from './flink.js';
import { runSql, type VigilAnswer } from './vigil.js';

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

/** Rows that are shown of those that differ. */
export const SHOWN_MAX = 5;

/** Patterns that give their matches out as Flink does: behind older ones that may still complete. */
export const AS_FLINK: Readonly<Record<string, JsonValue>> = { emit: 'ordered' };

/** Asks Vigil what Flink has answered. */
export function compare(query: Query, flink: FlinkAnswer | undefined, table: EventTable): Comparison {
  return compareAnswers(query, flink, runSql(query.sql, table, AS_FLINK));
}

export function compareAnswers(query: Query, flink: FlinkAnswer = { error: 'no answer' }, vigil: VigilAnswer): Comparison {
  const refused = { ...('error' in flink ? { flink: flink.error } : {}), ...('error' in vigil ? { vigil: vigil.error } : {}) };
  const [ofFlink, ofVigil] = [linesOf(flink), linesOf(vigil)];
  return { query, flinkRows: ofFlink.length, onlyFlink: without(ofFlink, ofVigil), onlyVigil: without(ofVigil, ofFlink), refused };
}

export function agrees({ onlyFlink, onlyVigil, refused }: Comparison): boolean {
  return onlyFlink.length === 0 && onlyVigil.length === 0 && Object.keys(refused).length === 0;
}

/**
 * Whether the answers differ only in which of several matches they show: of those that begin with the same event and are completed by the same
 * one, or wait for the same older one, Flink gives any. What it gives is then a match for Vigil too, if nothing is skipped.
 */
export function showsOtherWays({ query, onlyFlink, onlyVigil, refused }: Comparison, table: EventTable): boolean {
  if (Object.keys(refused).length > 0 || onlyFlink.length === 0) return false;
  // of the rows past the last one, it depends on the match chosen which are left
  if (query.sql.includes('TO NEXT ROW') && onlyFlink.length !== onlyVigil.length) return false;
  const all = new Set(linesOf(runSql(query.sql, table, { skip: 'none', limit: 1_000 })));
  return onlyFlink.every((line) => all.has(line));
}

/** Rows as text, whatever the order of their columns; NULL and a fact that is missing are the same. */
function linesOf(answer: VigilAnswer): string[] {
  if (!('rows' in answer)) return [];
  return answer.rows.map((row: Row) => {
    const columns = Object.entries(row).filter(([, value]) => value !== null);
    return JSON.stringify(Object.fromEntries(columns.sort(([a], [b]) => (a < b ? -1 : 1))));
  });
}

/** A comparison that is short enough to be shown. */
export function brief({ query, flinkRows, onlyFlink, onlyVigil, refused }: Comparison): object {
  return { sql: query.sql, flinkRows, onlyFlink: onlyFlink.slice(0, SHOWN_MAX), onlyVigil: onlyVigil.slice(0, SHOWN_MAX), refused };
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
