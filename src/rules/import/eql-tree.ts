/** A value of EQL. */
export type EqlValue =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'field'; readonly path: string }
  | { readonly kind: 'call'; readonly name: string; readonly ignoreCase: boolean; readonly args: readonly EqlValue[] }
  | { readonly kind: 'arithmetic'; readonly op: string; readonly left: EqlValue; readonly right: EqlValue };

export type EqlCondition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly EqlCondition[] }
  | { readonly kind: 'not'; readonly of: EqlCondition }
  | { readonly kind: 'comparison'; readonly op: string; readonly left: EqlValue; readonly right: EqlValue }
  /** `in`, `like`, `regex`, `:` with one value or a list */
  | { readonly kind: 'lookup'; readonly word: 'in' | 'like' | 'regex'; readonly ignoreCase: boolean; readonly of: EqlValue; readonly values: readonly EqlValue[] }
  | { readonly kind: 'value'; readonly value: EqlValue };

export interface EqlItem {
  readonly missing: boolean;
  /** null for `any` */
  readonly category: string | null;
  readonly condition: EqlCondition;
  readonly by: readonly string[];
  readonly runs: number;
}

export interface EqlQuery {
  readonly kind: 'event' | 'sequence' | 'sample';
  readonly by: readonly string[];
  /** as written: `15m` */
  readonly maxspan: string | null;
  readonly items: readonly EqlItem[];
  readonly until: EqlItem | null;
  readonly pipes: boolean;
}
