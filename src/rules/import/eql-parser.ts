import { EmbeddedActionsParser, Lexer, type IToken } from 'chevrotain';
import type { EqlCondition, EqlItem, EqlQuery, EqlValue } from './eql-tree.js';
import * as T from './eql-tokens.js';
import { fieldFact } from './imported.js';

/** Characters of a query, and levels of brackets in it. */
const QUERY_CHARS_MAX = 65_536;
const NESTING_MAX = 40;

let made: { readonly lexer: Lexer; readonly parser: EqlParser } | null = null;

/** Reads a query of Elasticsearch's EQL. @returns the tree, or what was found and where */
export function parseEql(text: string): EqlQuery | { readonly problem: string; readonly at: string } {
  made ??= { lexer: new Lexer([...T.ALL_TOKENS]), parser: new EqlParser() };
  if (text.length > QUERY_CHARS_MAX) return { problem: `found ${text.length} characters; expected at most ${QUERY_CHARS_MAX}`, at: '' };
  const { tokens, errors } = made.lexer.tokenize(text);
  const [unknown] = errors;
  if (unknown !== undefined) return { problem: `found ${JSON.stringify(text.slice(unknown.offset, unknown.offset + 1))}, which begins nothing that EQL knows`, at: `line ${unknown.line}, column ${unknown.column}` };
  if (nesting(tokens) > NESTING_MAX) return { problem: `found more than ${NESTING_MAX} levels of brackets; expected fewer`, at: '' };
  made.parser.input = tokens;
  const query = made.parser.query();
  const [error] = made.parser.errors;
  if (error === undefined) return query;
  const { startLine, startColumn, image } = error.token;
  return { problem: `found ${image === '' ? 'the end of the query' : `"${image}"`}: ${error.message}`, at: Number.isFinite(startLine) ? `line ${startLine}, column ${startColumn}` : 'the end' };
}

function nesting(tokens: readonly IToken[]): number {
  let depth = 0;
  let most = 0;
  for (const { tokenType } of tokens) {
    if (tokenType === T.Open) most = Math.max(most, ++depth);
    else if (tokenType === T.Close) depth--;
  }
  return most;
}

class EqlParser extends EmbeddedActionsParser {
  constructor() {
    super([...T.ALL_TOKENS], { recoveryEnabled: false, maxLookahead: 3 });
    this.performSelfAnalysis();
  }

  readonly query = this.RULE('query', (): EqlQuery => {
    const query = this.OR([{ ALT: () => this.SUBRULE(this.several) }, { ALT: () => this.SUBRULE(this.single) }]);
    let pipes = false;
    this.MANY(() => {
      this.CONSUME(T.Pipe);
      this.CONSUME(T.Name);
      this.MANY1(() => this.OR1([{ ALT: () => this.CONSUME1(T.Name) }, { ALT: () => this.CONSUME(T.NumberText) }, { ALT: () => this.CONSUME(T.Comma) }]));
      pipes = true;
    });
    return this.ACTION(() => ({ ...query, pipes }));
  });

  private readonly single = this.RULE('single', (): EqlQuery => {
    const item = this.SUBRULE(this.event);
    return { kind: 'event', by: [], maxspan: null, items: [item], until: null, pipes: false };
  });

  private readonly several = this.RULE('several', (): EqlQuery => {
    const kind = this.OR([{ ALT: () => this.CONSUME(T.Sequence) }, { ALT: () => this.CONSUME(T.Sample) }]);
    const by: string[] = [];
    let maxspan: string | null = null;
    this.MANY(() => {
      this.OR1([
        {
          ALT: () => {
            const keys = this.SUBRULE(this.keys);
            this.ACTION(() => by.push(...keys));
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.With);
            this.CONSUME(T.MaxSpan);
            this.CONSUME(T.Equal);
            maxspan = this.CONSUME(T.Span).image;
          },
        },
      ]);
    });
    const items: EqlItem[] = [];
    this.AT_LEAST_ONE(() => items.push(this.SUBRULE(this.item)));
    const until = this.OPTION(() => {
      this.CONSUME(T.Until);
      return this.SUBRULE1(this.item);
    });
    return this.ACTION(() => ({ kind: kind.tokenType === T.Sample ? 'sample' : 'sequence', by, maxspan, items, until: until ?? null, pipes: false }));
  });

  private readonly keys = this.RULE('keys', (): string[] => {
    const names: string[] = [];
    this.CONSUME(T.By);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        const name = this.CONSUME(T.Name);
        this.ACTION(() => names.push(fieldFact(pathOf(name))));
      },
    });
    return names;
  });

  private readonly item = this.RULE('item', (): EqlItem => {
    const missing = this.OPTION(() => this.CONSUME(T.Bang));
    this.CONSUME(T.OpenItem);
    const event = this.SUBRULE(this.event);
    this.CONSUME(T.CloseItem);
    const by: string[] = [];
    let runs = 1;
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            const keys = this.SUBRULE(this.keys);
            this.ACTION(() => by.push(...keys));
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.With);
            this.CONSUME(T.Runs);
            this.CONSUME(T.Equal);
            const n = this.CONSUME(T.NumberText);
            this.ACTION(() => (runs = Number(n.image)));
          },
        },
      ]);
    });
    return this.ACTION(() => ({ ...event, missing: missing !== undefined, by, runs }));
  });

  private readonly event = this.RULE('event', (): EqlItem => {
    const category = this.OR([{ ALT: () => this.CONSUME(T.Name) }, { ALT: () => this.CONSUME(T.Text) }, { ALT: () => this.CONSUME(T.RawText) }]);
    this.CONSUME(T.Where);
    const condition = this.SUBRULE(this.either);
    return this.ACTION(() => ({ missing: false, category: category.image === 'any' ? null : category.tokenType === T.Name ? pathOf(category) : textOf(category), condition, by: [], runs: 1 }));
  });

  private readonly either = this.RULE('either', (): EqlCondition => {
    const parts: EqlCondition[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: T.Or, DEF: () => parts.push(this.SUBRULE(this.both)) });
    return this.ACTION(() => (parts.length === 1 ? (parts[0] as EqlCondition) : { kind: 'or', parts }));
  });

  private readonly both = this.RULE('both', (): EqlCondition => {
    const parts: EqlCondition[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: T.And, DEF: () => parts.push(this.SUBRULE(this.negation)) });
    return this.ACTION(() => (parts.length === 1 ? (parts[0] as EqlCondition) : { kind: 'and', parts }));
  });

  private readonly negation = this.RULE('negation', (): EqlCondition => {
    let negated = false;
    this.MANY(() => {
      this.CONSUME(T.Not);
      negated = !negated;
    });
    const of = this.SUBRULE(this.test);
    return this.ACTION((): EqlCondition => (negated ? { kind: 'not', of } : of));
  });

  /** A comparison, a look-up, or what is true by itself; a bracket may hold either kind. */
  private readonly test = this.RULE('test', (): EqlCondition => {
    const left = this.SUBRULE(this.sum);
    const test = this.OPTION((): EqlCondition =>
      this.OR([
        {
          ALT: (): EqlCondition => {
            const op = this.CONSUME(T.Compare);
            const right = this.SUBRULE1(this.sum);
            return this.ACTION(() => ({ kind: 'comparison', op: op.image, left: valueOf(left), right: valueOf(right) }));
          },
        },
        {
          ALT: (): EqlCondition => {
            const negated = this.OPTION1(() => this.CONSUME(T.Not));
            const word = this.OR1([{ ALT: () => this.CONSUME(T.Lookup) }, { ALT: () => this.CONSUME(T.Colon) }]);
            const values = this.SUBRULE(this.values);
            return this.ACTION(() => {
              const of: EqlCondition = { kind: 'lookup', word: word.image === ':' ? 'like' : (word.image.replace('~', '') as 'in'), ignoreCase: word.image === ':' || word.image.endsWith('~'), of: valueOf(left), values };
              return negated === undefined ? of : { kind: 'not', of };
            });
          },
        },
      ]),
    );
    return this.ACTION(() => test ?? (isCondition(left) ? left : { kind: 'value', value: left }));
  });

  private readonly values = this.RULE('values', (): EqlValue[] => {
    const values: EqlValue[] = [];
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Open);
          this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => values.push(this.SUBRULE(this.literal)) });
          this.CONSUME(T.Close);
        },
      },
      { ALT: () => values.push(this.SUBRULE1(this.literal)) },
    ]);
    return values;
  });

  private readonly sum = this.RULE('sum', (): EqlValue | EqlCondition => {
    let left = this.SUBRULE(this.product);
    this.MANY(() => {
      const op = this.OR([{ ALT: () => this.CONSUME(T.Plus) }, { ALT: () => this.CONSUME(T.Minus) }]);
      const right = this.SUBRULE1(this.product);
      left = this.ACTION((): EqlValue => ({ kind: 'arithmetic', op: op.image, left: valueOf(left), right: valueOf(right) }));
    });
    return left;
  });

  private readonly product = this.RULE('product', (): EqlValue | EqlCondition => {
    let left = this.SUBRULE(this.primary);
    this.MANY(() => {
      const op = this.OR([{ ALT: () => this.CONSUME(T.Star) }, { ALT: () => this.CONSUME(T.Slash) }, { ALT: () => this.CONSUME(T.Percent) }]);
      const right = this.SUBRULE1(this.primary);
      left = this.ACTION((): EqlValue => ({ kind: 'arithmetic', op: op.image, left: valueOf(left), right: valueOf(right) }));
    });
    return left;
  });

  private readonly primary = this.RULE('primary', (): EqlValue | EqlCondition =>
    this.OR([
      { ALT: () => this.SUBRULE(this.literal) },
      {
        ALT: () => {
          this.CONSUME(T.Open);
          const inner = this.SUBRULE(this.either);
          this.CONSUME(T.Close);
          return this.ACTION(() => (inner.kind === 'value' ? inner.value : inner));
        },
      },
      { ALT: () => this.SUBRULE(this.reference) },
    ]),
  );

  private readonly literal = this.RULE('literal', (): EqlValue => {
    const minus = this.OPTION(() => this.CONSUME(T.Minus));
    const token = this.OR([
      { ALT: () => this.CONSUME(T.NumberText) },
      { ALT: () => this.CONSUME(T.Text) },
      { ALT: () => this.CONSUME(T.RawText) },
      { ALT: () => this.CONSUME(T.True) },
      { ALT: () => this.CONSUME(T.False) },
      { ALT: () => this.CONSUME(T.Null) },
    ]);
    return this.ACTION(() => ({ kind: 'literal', value: literalOf(token, minus !== undefined) }));
  });

  /** A field or a call: `process.name`, `endsWith~(file.path, ".exe")` */
  private readonly reference = this.RULE('reference', (): EqlValue => {
    const name = this.CONSUME(T.Name);
    const args = this.OPTION(() => {
      const list: (EqlValue | EqlCondition)[] = [];
      this.CONSUME(T.Open);
      this.MANY_SEP({ SEP: T.Comma, DEF: () => list.push(this.SUBRULE(this.sum)) });
      this.CONSUME(T.Close);
      return list;
    });
    return this.ACTION(() => (args === undefined ? { kind: 'field', path: fieldFact(pathOf(name)) } : { kind: 'call', name: name.image.replace('~', ''), ignoreCase: name.image.endsWith('~'), args: args.map(valueOf) }));
  });
}

const CONDITIONS = new Set(['and', 'or', 'not', 'comparison', 'lookup', 'value']);

function isCondition(part: EqlValue | EqlCondition): part is EqlCondition {
  return CONDITIONS.has(part.kind);
}

/** A condition in the place of a value has none that can be compared: it becomes a call that nothing knows. */
function valueOf(part: EqlValue | EqlCondition): EqlValue {
  if (!isCondition(part)) return part;
  return part.kind === 'value' ? part.value : { kind: 'call', name: 'a condition', ignoreCase: false, args: [] };
}

function pathOf(token: IToken): string {
  return token.image.replace(/^\?|~$/g, '').replace(/`((?:[^`]|``)+)`/g, (_all, inner: string) => inner.replaceAll('``', '`'));
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function textOf(token: IToken): string {
  if (token.tokenType === T.RawText) return token.image.slice(3, -3);
  return token.image.slice(1, -1).replace(/\\(?:u\{([0-9a-fA-F]{2,8})\}|(.))/gs, (_all, code: string | undefined, other: string | undefined) => (code === undefined ? (ESCAPES[other as string] ?? (other as string)) : codePoint(parseInt(code, 16))));
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

function literalOf(token: IToken, negative: boolean): string | number | boolean | null {
  switch (token.tokenType) {
    case T.NumberText:
      return (negative ? -1 : 1) * Number(token.image);
    case T.True:
      return true;
    case T.False:
      return false;
    case T.Null:
      return null;
    default:
      return textOf(token);
  }
}
