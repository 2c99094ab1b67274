import { EOF, Lexer, MismatchedTokenException, type IToken } from 'chevrotain';
import { ValueRefused } from './expression-parser.js';
import { sqlLimits } from '../limits.js';
import { QueryParser } from './query-parser.js';
import type { SqlProblems } from '../sql-problem.js';
import type { Place, SqlQuery } from './sql-tree.js';
import { placeOf } from './token-values.js';
import { ALL_TOKENS, Close, CloseExclusion, Open, OpenExclusion } from './tokens.js';

interface Front {
  readonly lexer: Lexer;
  readonly parser: QueryParser;
}

/** Made with the first text: analysing the grammar takes some ms, and a service without SQL rules need not. */
let front: Front | null = null;

function frontEnd(): Front {
  front ??= { lexer: new Lexer([...ALL_TOKENS], { ensureOptimizations: false }), parser: new QueryParser() };
  return front;
}

/** Reads a text into its tree; null where it is not a query, with the problem and its place added. */
export function parseSql(text: string, problems: SqlProblems): SqlQuery | null {
  if (text.length > sqlLimits.textCharsMax) {
    problems.add('sql.too-large', { line: 1, column: 1 }, `found ${text.length} characters; expected at most ${sqlLimits.textCharsMax}`);
    return null;
  }
  const { lexer, parser } = frontEnd();
  const { tokens, errors } = lexer.tokenize(text);
  for (const { line, column, offset } of errors) problems.add('sql.syntax', { line: line ?? 1, column: column ?? 1 }, `found ${JSON.stringify(text.slice(offset, offset + 1))}, which begins nothing that SQL knows`);
  if (problems.any || !withinBounds(tokens, problems)) return null;
  return parseTokens(parser, tokens, endOf(text), problems);
}

function parseTokens(parser: QueryParser, tokens: IToken[], end: Place, problems: SqlProblems): SqlQuery | null {
  try {
    parser.input = tokens;
    const query = parser.query();
    for (const error of parser.errors) problems.add('sql.syntax', placeOfError(error.token, end), error.message);
    return problems.any ? null : query;
  } catch (error) {
    if (error instanceof ValueRefused) problems.add('sql.syntax', placeOf(error.token), error.message);
    else if (error instanceof MismatchedTokenException) problems.add('sql.syntax', placeOfError(error.token, end), error.message);
    else throw error;
    return null;
  }
}

function placeOfError(token: IToken, end: Place): Place {
  return token.tokenType === EOF || !Number.isFinite(token.startLine) ? end : placeOf(token);
}

function endOf(text: string): Place {
  const lines = text.split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines[lines.length - 1] as string).length + 1 };
}

/** The parser and what walks its tree are recursive: brackets inside brackets are counted before. */
function withinBounds(tokens: readonly IToken[], problems: SqlProblems): boolean {
  const last = tokens[sqlLimits.tokensMax];
  if (last !== undefined) {
    problems.add('sql.too-large', placeOf(last), `found ${tokens.length} words and signs; expected at most ${sqlLimits.tokensMax}`);
    return false;
  }
  let depth = 0;
  for (const token of tokens) {
    if (token.tokenType === Open || token.tokenType === OpenExclusion || /^case$/i.test(token.image)) depth++;
    else if (token.tokenType === Close || token.tokenType === CloseExclusion || /^end$/i.test(token.image)) depth--;
    if (depth <= sqlLimits.nestingMax) continue;
    problems.add('sql.too-large', placeOf(token), `found more than ${sqlLimits.nestingMax} levels of brackets; expected fewer`);
    return false;
  }
  return true;
}
