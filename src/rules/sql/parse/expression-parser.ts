import { EmbeddedActionsParser, EOF, type IParserErrorMessageProvider, type IToken, type TokenType } from 'chevrotain';
import type { Arithmetic, Comparison, SqlExpr } from './sql-tree.js';
import { intervalMs, nameOf, placeOf, textOf } from './token-values.js';
import * as T from './tokens.js';

const OPERATORS: Readonly<Record<string, Comparison>> = { '=': '=', '<>': '<>', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };

const said = (token: IToken): string => (token.tokenType === EOF ? 'the end of the text' : `"${token.image}"`);

/** Says what was found and what was expected, in the language's own words. */
const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) => `found ${said(actual)}; expected ${expected.LABEL ?? expected.name}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) => `found ${said(firstRedundant)}; expected the end of the text`,
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual }) => `found ${said(actual[0] as IToken)}; expected ${oneOf(expectedPathsPerAlt.flat())}`,
  buildEarlyExitMessage: ({ expectedIterationPaths, actual }) => `found ${said(actual[0] as IToken)}; expected ${oneOf(expectedIterationPaths)}`,
};

function oneOf(paths: readonly (readonly TokenType[])[]): string {
  const labels = [...new Set(paths.map(([first]) => first?.LABEL ?? first?.name ?? 'more'))];
  const shown = labels.slice(0, 8);
  return labels.length > 8 ? `one of ${shown.join(', ')} …` : labels.length > 1 ? `one of ${shown.join(', ')}` : shown.join('');
}

/** Thrown for what the grammar lets through and the values do not. */
export class ValueRefused extends Error {
  constructor(
    readonly token: IToken,
    message: string,
  ) {
    super(message);
  }
}

/** The part of the grammar that conditions and values need: the usual levels of precedence, without a difference of kind between the two. */
export class ExpressionParser extends EmbeddedActionsParser {
  constructor() {
    super([...T.ALL_TOKENS], { errorMessageProvider: messages, maxLookahead: 3, recoveryEnabled: false });
  }

  protected readonly condition = this.RULE('condition', (): SqlExpr => {
    const parts = [this.SUBRULE(this.conjunction)];
    this.MANY(() => {
      this.CONSUME(T.Or);
      parts.push(this.SUBRULE1(this.conjunction));
    });
    return this.joined('or', parts);
  });

  private readonly conjunction = this.RULE('conjunction', (): SqlExpr => {
    const parts = [this.SUBRULE(this.negation)];
    this.MANY(() => {
      this.CONSUME(T.And);
      parts.push(this.SUBRULE1(this.negation));
    });
    return this.joined('and', parts);
  });

  private readonly negation = this.RULE('negation', (): SqlExpr => {
    const nots: IToken[] = [];
    this.MANY(() => nots.push(this.CONSUME(T.Not)));
    const of = this.SUBRULE(this.predicate);
    return this.ACTION(() => (nots.length % 2 === 0 ? of : not(of, nots[0] as IToken)));
  });

  private readonly predicate = this.RULE('predicate', (): SqlExpr => {
    let left = this.SUBRULE(this.sum);
    this.OPTION(() => {
      left = this.OR([
        { ALT: () => this.SUBRULE(this.comparison, { ARGS: [left] }) },
        { ALT: () => this.SUBRULE(this.membership, { ARGS: [left] }) },
      ]);
    });
    // one only: `IS NULL IS TRUE` is no more than the first, and a chain would be as deep as it is long
    this.OPTION1(() => {
      left = this.SUBRULE(this.truth, { ARGS: [left] });
    });
    return left;
  });

  private readonly comparison = this.RULE('comparison', (left: SqlExpr): SqlExpr => {
    const op = this.OR([
      { ALT: () => this.CONSUME(T.Equal) },
      { ALT: () => this.CONSUME(T.NotEqual) },
      { ALT: () => this.CONSUME(T.AtMost) },
      { ALT: () => this.CONSUME(T.AtLeast) },
      { ALT: () => this.CONSUME(T.Less) },
      { ALT: () => this.CONSUME(T.Greater) },
    ]);
    const right = this.SUBRULE(this.sum);
    return this.ACTION(() => ({ kind: 'comparison', at: placeOf(op), op: OPERATORS[op.image] as Comparison, left, right }));
  });

  /** `[NOT] BETWEEN`, `[NOT] IN`, `[NOT] LIKE` */
  private readonly membership = this.RULE('membership', (of: SqlExpr): SqlExpr => {
    const negated = this.OPTION(() => this.CONSUME(T.Not));
    const test = this.OR([
      { ALT: () => this.SUBRULE(this.between, { ARGS: [of] }) },
      { ALT: () => this.SUBRULE(this.among, { ARGS: [of] }) },
      { ALT: () => this.SUBRULE(this.like, { ARGS: [of] }) },
    ]);
    return this.ACTION(() => (negated === undefined ? test : not(test, negated)));
  });

  private readonly between = this.RULE('between', (of: SqlExpr): SqlExpr => {
    const at = this.CONSUME(T.Between);
    const low = this.SUBRULE(this.sum);
    this.CONSUME(T.And);
    const high = this.SUBRULE1(this.sum);
    return this.ACTION(() => ({ kind: 'between', at: placeOf(at), of, low, high }));
  });

  private readonly among = this.RULE('among', (of: SqlExpr): SqlExpr => {
    const at = this.CONSUME(T.In);
    const values: SqlExpr[] = [];
    this.CONSUME(T.Open);
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => values.push(this.SUBRULE(this.sum)) });
    this.CONSUME(T.Close);
    return this.ACTION(() => ({ kind: 'in', at: placeOf(at), of, values }));
  });

  private readonly like = this.RULE('like', (of: SqlExpr): SqlExpr => {
    const at = this.CONSUME(T.Like);
    const pattern = this.SUBRULE(this.sum);
    const escape = this.OPTION(() => {
      this.CONSUME(T.Escape);
      return this.CONSUME(T.Text);
    });
    return this.ACTION(() => ({ kind: 'like', at: placeOf(at), of, pattern, escape: escape === undefined ? null : textOf(escape) }));
  });

  /** `IS [NOT] NULL | TRUE | FALSE` */
  private readonly truth = this.RULE('truth', (of: SqlExpr): SqlExpr => {
    const at = this.CONSUME(T.Is);
    const negated = this.OPTION(() => this.CONSUME(T.Not));
    const what = this.OR([{ ALT: () => this.CONSUME(T.Null) }, { ALT: () => this.CONSUME(T.True) }, { ALT: () => this.CONSUME(T.False) }]);
    return this.ACTION(() => {
      const test: SqlExpr = what.tokenType === T.Null ? { kind: 'isNull', at: placeOf(at), of } : { kind: 'is', at: placeOf(at), of, truth: what.tokenType === T.True };
      return negated === undefined ? test : not(test, negated);
    });
  });

  private readonly sum = this.RULE('sum', (): SqlExpr => {
    let left = this.SUBRULE(this.product);
    this.MANY(() => {
      const op = this.OR([{ ALT: () => this.CONSUME(T.Plus) }, { ALT: () => this.CONSUME(T.Minus) }, { ALT: () => this.CONSUME(T.Concat) }]);
      left = this.arithmetic(op, left, this.SUBRULE1(this.product));
    });
    return left;
  });

  private readonly product = this.RULE('product', (): SqlExpr => {
    let left = this.SUBRULE(this.signed);
    this.MANY(() => {
      const op = this.OR([{ ALT: () => this.CONSUME(T.Star) }, { ALT: () => this.CONSUME(T.Slash) }, { ALT: () => this.CONSUME(T.Percent) }]);
      left = this.arithmetic(op, left, this.SUBRULE1(this.signed));
    });
    return left;
  });

  private readonly signed = this.RULE('signed', (): SqlExpr => {
    const minuses: IToken[] = [];
    this.MANY(() => {
      this.OR([{ ALT: () => minuses.push(this.CONSUME(T.Minus)) }, { ALT: () => this.CONSUME(T.Plus) }]);
    });
    const of = this.SUBRULE(this.primary);
    return this.ACTION(() => (minuses.length % 2 === 0 ? of : negative(of, minuses[0] as IToken)));
  });

  private readonly primary = this.RULE('primary', (): SqlExpr =>
    this.OR([
      { ALT: () => this.SUBRULE(this.literal) },
      { ALT: () => this.SUBRULE(this.interval) },
      { ALT: () => this.SUBRULE(this.choice) },
      {
        ALT: () => {
          this.CONSUME(T.Open);
          const inner = this.SUBRULE(this.condition);
          this.CONSUME(T.Close);
          return inner;
        },
      },
      { ALT: () => this.SUBRULE(this.reference) },
    ]),
  );

  private readonly literal = this.RULE('literal', (): SqlExpr => {
    const token = this.OR([
      { ALT: () => this.CONSUME(T.NumberText) },
      { ALT: () => this.CONSUME(T.Text) },
      { ALT: () => this.CONSUME(T.True) },
      { ALT: () => this.CONSUME(T.False) },
      { ALT: () => this.CONSUME(T.Null) },
    ]);
    return this.ACTION(() => ({ kind: 'literal', at: placeOf(token), value: literalOf(token) }));
  });

  protected readonly interval = this.RULE('interval', (): SqlExpr & { readonly kind: 'interval' } => {
    const at = this.CONSUME(T.Interval);
    const text = this.CONSUME(T.Text);
    const unit = this.CONSUME(T.Name);
    this.OPTION1(() => this.SUBRULE(this.digits));
    const to = this.OPTION(() => {
      this.CONSUME(T.To);
      return this.CONSUME1(T.Name);
    });
    this.OPTION2(() => this.SUBRULE1(this.digits));
    return this.ACTION(() => {
      const ms = intervalMs(textOf(text), unit.image, to?.image ?? null);
      if (ms === null) throw new ValueRefused(text, `found INTERVAL ${text.image} ${unit.image}; expected a length of time in whole ms, such as INTERVAL '10' MINUTE or INTERVAL '01:30' HOUR TO MINUTE (SECOND, MINUTE, HOUR, DAY, WEEK)`);
      return { kind: 'interval', at: placeOf(at), ms };
    });
  });

  /** `DAY(3)`: how many digits Flink is to make room for; we take any number. */
  private readonly digits = this.RULE('digits', () => {
    this.CONSUME(T.Open);
    this.CONSUME(T.NumberText);
    this.CONSUME(T.Close);
  });

  private readonly choice = this.RULE('choice', (): SqlExpr => {
    const at = this.CONSUME(T.Case);
    const whens: { when: SqlExpr; then: SqlExpr }[] = [];
    this.AT_LEAST_ONE(() => {
      this.CONSUME(T.When);
      const when = this.SUBRULE(this.condition);
      this.CONSUME(T.Then);
      whens.push({ when, then: this.SUBRULE1(this.condition) });
    });
    const otherwise = this.OPTION(() => {
      this.CONSUME(T.Else);
      return this.SUBRULE2(this.condition);
    });
    this.CONSUME(T.End);
    return this.ACTION(() => ({ kind: 'case', at: placeOf(at), whens, otherwise: otherwise ?? null }));
  });

  /** A column or a call: `price`, `A.price`, `LAST(A.price, 1)`, `COUNT(DISTINCT A.ip)` */
  protected readonly reference = this.RULE('reference', (): SqlExpr => {
    const parts: IToken[] = [this.CONSUME(T.Name)];
    this.MANY(() => {
      this.CONSUME(T.Dot);
      parts.push(this.OR([{ ALT: () => this.CONSUME1(T.Name) }, { ALT: () => this.CONSUME(T.Star) }]));
    });
    const args = this.OPTION(() => this.SUBRULE(this.args));
    return this.ACTION(() => {
      const names = parts.map((part) => nameOf(part).text);
      const at = placeOf(parts[0] as IToken);
      return args === undefined ? { kind: 'column', at, parts: names } : { kind: 'call', at, name: names.join('.'), ...args };
    });
  });

  private readonly args = this.RULE('args', (): { args: SqlExpr[]; star: boolean; distinct: boolean } => {
    const args: SqlExpr[] = [];
    this.CONSUME(T.Open);
    const distinct = this.OPTION(() => this.CONSUME(T.Distinct));
    const star = this.OR([
      { ALT: () => this.CONSUME(T.Star) },
      {
        ALT: () => {
          this.MANY_SEP({ SEP: T.Comma, DEF: () => args.push(this.SUBRULE(this.condition)) });
          return undefined;
        },
      },
    ]);
    this.CONSUME(T.Close);
    return { args, star: star !== undefined, distinct: distinct !== undefined };
  });

  private joined(kind: 'and' | 'or', parts: readonly SqlExpr[]): SqlExpr {
    return this.ACTION(() => (parts.length === 1 ? (parts[0] as SqlExpr) : { kind, at: (parts[0] as SqlExpr).at, parts }));
  }

  private arithmetic(op: IToken, left: SqlExpr, right: SqlExpr): SqlExpr {
    return this.ACTION(() => ({ kind: 'arithmetic', at: placeOf(op), op: op.image as Arithmetic, left, right }));
  }
}

function not(of: SqlExpr, token: IToken): SqlExpr {
  return { kind: 'not', at: placeOf(token), of };
}

function negative(of: SqlExpr, token: IToken): SqlExpr {
  if (of.kind === 'literal' && typeof of.value === 'number') return { ...of, at: placeOf(token), value: -of.value };
  return { kind: 'negative', at: placeOf(token), of };
}

function literalOf(token: IToken): string | number | boolean | null {
  switch (token.tokenType) {
    case T.Text:
      return textOf(token);
    case T.True:
      return true;
    case T.False:
      return false;
    case T.Null:
      return null;
    default: {
      const value = Number(token.image);
      if (!Number.isFinite(value)) throw new ValueRefused(token, `found ${token.image}; expected a number that a double can hold`);
      return value;
    }
  }
}
