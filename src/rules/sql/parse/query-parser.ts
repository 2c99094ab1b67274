import type { IToken } from 'chevrotain';
import { ExpressionParser, ValueRefused } from './expression-parser.js';
import type { PatternNode, SqlExpr, SqlName, SqlQuery, SqlSkip } from './sql-tree.js';
import { nameOf, placeOf } from './token-values.js';
import * as T from './tokens.js';

type Quantifier = { readonly min: number; readonly max: number; readonly greedy: boolean };
type Item = { readonly column: SqlExpr; readonly alias: SqlName | null };

/** The grammar of one query with `MATCH_RECOGNIZE`, in the order of clauses that the standard and Flink have. */
export class QueryParser extends ExpressionParser {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  readonly query = this.RULE('query', (): SqlQuery => {
    this.CONSUME(T.Select);
    const select = this.SUBRULE(this.selection);
    this.CONSUME(T.From);
    const from = this.SUBRULE(this.sources);
    this.CONSUME(T.MatchRecognize);
    this.CONSUME(T.Open);
    const partitionBy = this.SUBRULE(this.partition);
    const orderBy = this.SUBRULE(this.order);
    const measures = this.SUBRULE(this.measureList);
    const allRows = this.SUBRULE(this.rows);
    const skip = this.SUBRULE(this.afterMatch);
    this.CONSUME(T.Pattern);
    this.CONSUME1(T.Open);
    const pattern = this.SUBRULE(this.alternation);
    this.CONSUME(T.Close);
    const within = this.OPTION(() => {
      this.CONSUME(T.Within);
      return this.SUBRULE(this.interval);
    });
    this.SUBRULE(this.noSubset);
    const define = this.SUBRULE(this.definitions);
    this.CONSUME1(T.Close);
    const alias = this.OPTION1(() => {
      this.OPTION2(() => this.CONSUME(T.As));
      return this.CONSUME(T.Name);
    });
    this.OPTION3(() => this.CONSUME(T.Semicolon));
    return this.ACTION(() => ({ select, from, alias: alias === undefined ? null : nameOf(alias), partitionBy, orderBy, measures, allRows, skip, pattern, withinMs: within?.ms ?? null, define }));
  });

  private readonly selection = this.RULE('selection', (): Item[] | null =>
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Star);
          return null;
        },
      },
      {
        ALT: () => {
          const items: Item[] = [];
          this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => items.push(this.SUBRULE(this.item)) });
          return items;
        },
      },
    ]),
  );

  private readonly item = this.RULE('item', (): Item => {
    const column = this.SUBRULE(this.reference);
    const alias = this.OPTION(() => {
      this.OPTION1(() => this.CONSUME(T.As));
      return this.CONSUME(T.Name);
    });
    return this.ACTION(() => ({ column, alias: alias === undefined ? null : nameOf(alias) }));
  });

  /** One source, or `(SELECT * FROM a UNION ALL SELECT * FROM b)` */
  private readonly sources = this.RULE('sources', (): SqlName[] =>
    this.OR([
      { ALT: () => [this.SUBRULE(this.source)] },
      {
        ALT: () => {
          const names: SqlName[] = [];
          this.CONSUME(T.Open);
          names.push(this.SUBRULE(this.wholeSource));
          this.MANY(() => {
            this.CONSUME(T.Union);
            this.CONSUME(T.All);
            names.push(this.SUBRULE1(this.wholeSource));
          });
          this.CONSUME(T.Close);
          return names;
        },
      },
    ]),
  );

  private readonly wholeSource = this.RULE('wholeSource', (): SqlName => {
    this.CONSUME(T.Select);
    this.CONSUME(T.Star);
    this.CONSUME(T.From);
    return this.SUBRULE(this.source);
  });

  private readonly source = this.RULE('source', (): SqlName => {
    const parts: IToken[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: T.Dot, DEF: () => parts.push(this.CONSUME(T.Name)) });
    return this.ACTION(() => ({ text: parts.map((part) => nameOf(part).text).join('.'), at: placeOf(parts[0] as IToken) }));
  });

  private readonly partition = this.RULE('partition', (): SqlExpr[] => {
    const columns: SqlExpr[] = [];
    this.OPTION(() => {
      this.CONSUME(T.Partition);
      this.CONSUME(T.By);
      this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => columns.push(this.SUBRULE(this.reference)) });
    });
    return columns;
  });

  private readonly order = this.RULE('order', (): { column: SqlExpr; descending: boolean }[] => {
    const columns: { column: SqlExpr; descending: boolean }[] = [];
    this.OPTION(() => {
      this.CONSUME(T.Order);
      this.CONSUME(T.By);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          const column = this.SUBRULE(this.reference);
          const way = this.OPTION1(() => this.OR([{ ALT: () => this.CONSUME(T.Asc) }, { ALT: () => this.CONSUME(T.Desc) }]));
          columns.push({ column, descending: way?.tokenType === T.Desc });
        },
      });
    });
    return columns;
  });

  private readonly measureList = this.RULE('measureList', (): { value: SqlExpr; name: SqlName }[] => {
    const measures: { value: SqlExpr; name: SqlName }[] = [];
    this.OPTION(() => {
      this.CONSUME(T.Measures);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          const value = this.SUBRULE(this.condition);
          this.CONSUME(T.As);
          const name = this.CONSUME(T.Name);
          this.ACTION(() => measures.push({ value, name: nameOf(name) }));
        },
      });
    });
    return measures;
  });

  /** @returns the place of `ALL ROWS PER MATCH`, or null */
  private readonly rows = this.RULE('rows', () => {
    const all = this.OPTION(() => {
      const found = this.OR([
        {
          ALT: () => {
            this.CONSUME(T.One);
            this.CONSUME(T.Row);
            return undefined;
          },
        },
        {
          ALT: () => {
            const token = this.CONSUME(T.All);
            this.CONSUME(T.Rows);
            return token;
          },
        },
      ]);
      this.CONSUME(T.Per);
      this.CONSUME(T.Match);
      return found;
    });
    return this.ACTION(() => (all === undefined ? null : placeOf(all)));
  });

  private readonly afterMatch = this.RULE('afterMatch', (): SqlSkip | null => {
    const skip = this.OPTION(() => {
      this.CONSUME(T.After);
      this.CONSUME(T.Match);
      this.CONSUME(T.Skip);
      return this.OR([
        {
          ALT: (): SqlSkip => {
            this.CONSUME(T.Past);
            this.CONSUME(T.Last);
            this.CONSUME(T.Row);
            return { to: 'pastLast' };
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.To);
            return this.SUBRULE(this.skipTarget);
          },
        },
      ]);
    });
    return skip ?? null;
  });

  private readonly skipTarget = this.RULE('skipTarget', (): SqlSkip =>
    this.OR([
      {
        ALT: (): SqlSkip => {
          this.CONSUME(T.Next);
          this.CONSUME(T.Row);
          return { to: 'toNext' };
        },
      },
      {
        ALT: (): SqlSkip => {
          const way = this.OPTION(() => this.OR1([{ ALT: () => this.CONSUME(T.First) }, { ALT: () => this.CONSUME(T.Last) }]));
          const variable = this.CONSUME(T.Name);
          return this.ACTION(() => ({ to: way?.tokenType === T.First ? 'toFirst' : 'toLast', variable: nameOf(variable) }));
        },
        IGNORE_AMBIGUITIES: true,
      },
    ]),
  );

  private readonly alternation = this.RULE('alternation', (): PatternNode => {
    const parts: PatternNode[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: T.Bar, DEF: () => parts.push(this.SUBRULE(this.sequence)) });
    return this.ACTION(() => several('alternation', parts));
  });

  private readonly sequence = this.RULE('sequence', (): PatternNode => {
    const parts: PatternNode[] = [];
    this.AT_LEAST_ONE(() => parts.push(this.SUBRULE(this.factor)));
    return this.ACTION(() => several('sequence', parts));
  });

  private readonly factor = this.RULE('factor', (): PatternNode => {
    const of = this.SUBRULE(this.element);
    const quantifier = this.OPTION(() => this.SUBRULE(this.quantifier));
    const absence = this.OPTION1(() => {
      const at = this.CONSUME(T.Absent);
      this.CONSUME(T.For);
      return { at, length: this.SUBRULE(this.interval) };
    });
    return this.ACTION(() => {
      const counted: PatternNode = quantifier === undefined ? of : { kind: 'quantified', at: of.at, of, ...quantifier };
      return absence === undefined ? counted : { kind: 'absent', at: of.at, of: counted, forMs: absence.length.ms };
    });
  });

  private readonly element = this.RULE('element', (): PatternNode =>
    this.OR([
      {
        ALT: () => {
          const name = this.CONSUME(T.Name);
          return this.ACTION((): PatternNode => ({ kind: 'variable', at: placeOf(name), name: nameOf(name).text }));
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.Open);
          const of = this.SUBRULE(this.alternation);
          this.CONSUME(T.Close);
          return of;
        },
      },
      {
        ALT: () => {
          const at = this.CONSUME(T.OpenExclusion);
          const of = this.SUBRULE1(this.alternation);
          this.CONSUME(T.CloseExclusion);
          return this.ACTION((): PatternNode => ({ kind: 'exclude', at: placeOf(at), of }));
        },
      },
      {
        ALT: () => {
          const at = this.CONSUME(T.Permute);
          const parts: PatternNode[] = [];
          this.CONSUME1(T.Open);
          this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => parts.push(this.SUBRULE2(this.alternation)) });
          this.CONSUME1(T.Close);
          return this.ACTION((): PatternNode => ({ kind: 'permute', at: placeOf(at), parts }));
        },
      },
    ]),
  );

  private readonly quantifier = this.RULE('quantifier', (): Quantifier => {
    const bounds = this.OR([
      { ALT: () => (this.CONSUME(T.Star), { min: 0, max: Infinity }) },
      { ALT: () => (this.CONSUME(T.Plus), { min: 1, max: Infinity }) },
      { ALT: () => (this.CONSUME(T.Question), { min: 0, max: 1 }) },
      { ALT: () => this.SUBRULE(this.braces) },
    ]);
    const reluctant = this.OPTION(() => this.CONSUME1(T.Question));
    return { ...bounds, greedy: reluctant === undefined };
  });

  /** `{n}`, `{n,}`, `{n,m}`, `{,m}` */
  private readonly braces = this.RULE('braces', (): { min: number; max: number } => {
    const open = this.CONSUME(T.OpenBrace);
    const low = this.OPTION(() => this.CONSUME(T.NumberText));
    const range = this.OPTION1(() => {
      this.CONSUME(T.Comma);
      return { high: this.OPTION2(() => this.CONSUME1(T.NumberText)) };
    });
    this.CONSUME(T.CloseBrace);
    return this.ACTION(() => {
      if (low === undefined && range?.high === undefined) throw new ValueRefused(open, 'found no number in braces; expected {3}, {2,}, {2,4} or {,4}');
      const min = low === undefined ? 0 : whole(low);
      const max = range === undefined ? min : range.high === undefined ? Infinity : whole(range.high);
      if (max < Math.max(1, min)) throw new ValueRefused(open, `found {${min},${max}}; expected a most of at least 1 and not below the least`);
      return { min, max };
    });
  });

  private readonly noSubset = this.RULE('noSubset', () => {
    this.OPTION(() => {
      const token = this.CONSUME(T.Subset);
      this.ACTION(() => {
        throw new ValueRefused(token, 'found SUBSET, which is not supported (Flink has none either); expected DEFINE');
      });
    });
  });

  private readonly definitions = this.RULE('definitions', (): { variable: SqlName; condition: SqlExpr }[] => {
    const definitions: { variable: SqlName; condition: SqlExpr }[] = [];
    this.OPTION(() => {
      this.CONSUME(T.Define);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          const variable = this.CONSUME(T.Name);
          this.CONSUME(T.As);
          const condition = this.SUBRULE(this.condition);
          this.ACTION(() => definitions.push({ variable: nameOf(variable), condition }));
        },
      });
    });
    return definitions;
  });
}

function several(kind: 'alternation' | 'sequence', parts: readonly PatternNode[]): PatternNode {
  const first = parts[0] as PatternNode;
  return parts.length === 1 ? first : { kind, at: first.at, parts };
}

function whole(token: IToken): number {
  if (!/^\d{1,6}$/.test(token.image)) throw new ValueRefused(token, `found ${token.image}; expected a whole number`);
  return Number(token.image);
}
