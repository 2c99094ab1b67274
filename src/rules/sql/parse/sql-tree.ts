/** A place in the text, both from 1; columns count UTF-16 code units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A name as written: quoted ones may be anything. */
export interface SqlName {
  readonly text: string;
  readonly at: Place;
}

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type Arithmetic = '+' | '-' | '*' | '/' | '%' | '||';

/** An expression; conditions are expressions too, what stands where is judged later. */
export type SqlExpr = { readonly at: Place } & (
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'interval'; readonly ms: number }
  /** `A.device.id`; the last part may be `*` */
  | { readonly kind: 'column'; readonly parts: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly SqlExpr[]; readonly star: boolean; readonly distinct: boolean }
  | { readonly kind: 'negative'; readonly of: SqlExpr }
  | { readonly kind: 'arithmetic'; readonly op: Arithmetic; readonly left: SqlExpr; readonly right: SqlExpr }
  | { readonly kind: 'case'; readonly whens: readonly { readonly when: SqlExpr; readonly then: SqlExpr }[]; readonly otherwise: SqlExpr | null }
  | { readonly kind: 'comparison'; readonly op: Comparison; readonly left: SqlExpr; readonly right: SqlExpr }
  | { readonly kind: 'between'; readonly of: SqlExpr; readonly low: SqlExpr; readonly high: SqlExpr }
  | { readonly kind: 'in'; readonly of: SqlExpr; readonly values: readonly SqlExpr[] }
  | { readonly kind: 'like'; readonly of: SqlExpr; readonly pattern: SqlExpr; readonly escape: string | null }
  | { readonly kind: 'isNull'; readonly of: SqlExpr }
  /** `IS TRUE`, `IS FALSE` */
  | { readonly kind: 'is'; readonly of: SqlExpr; readonly truth: boolean }
  | { readonly kind: 'not'; readonly of: SqlExpr }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly SqlExpr[] }
);

export type PatternNode = { readonly at: Place } & (
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'sequence' | 'alternation' | 'permute'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'exclude'; readonly of: PatternNode }
  /** `max` Infinity for none */
  | { readonly kind: 'quantified'; readonly of: PatternNode; readonly min: number; readonly max: number; readonly greedy: boolean }
  | { readonly kind: 'absent'; readonly of: PatternNode; readonly forMs: number }
);

export type SqlSkip = { readonly to: 'toNext' | 'pastLast' } | { readonly to: 'toFirst' | 'toLast'; readonly variable: SqlName };

/** `SELECT … FROM … MATCH_RECOGNIZE (…)`, read but not judged. */
export interface SqlQuery {
  /** null for `*` */
  readonly select: readonly { readonly column: SqlExpr; readonly alias: SqlName | null }[] | null;
  readonly from: readonly SqlName[];
  readonly alias: SqlName | null;
  readonly partitionBy: readonly SqlExpr[];
  readonly orderBy: readonly { readonly column: SqlExpr; readonly descending: boolean }[];
  readonly measures: readonly { readonly value: SqlExpr; readonly name: SqlName }[];
  readonly allRows: Place | null;
  /** null where the text says nothing */
  readonly skip: SqlSkip | null;
  readonly pattern: PatternNode;
  readonly withinMs: number | null;
  readonly define: readonly { readonly variable: SqlName; readonly condition: SqlExpr }[];
}
