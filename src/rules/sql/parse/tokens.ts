import { createToken, Lexer, type TokenType } from 'chevrotain';

/** Every word that may name something: plain, quoted, or a keyword that is one only in its place. */
export const Name = createToken({ name: 'Name', pattern: Lexer.NA, label: 'a name' });
export const PlainName = createToken({ name: 'PlainName', pattern: /[A-Za-z_][A-Za-z0-9_$]*/, categories: Name, label: 'a name' });
/** Flink's quotes and the standard's; a doubled quote stands for itself */
export const QuotedName = createToken({ name: 'QuotedName', pattern: /`(?:[^`\r\n]|``)+`|"(?:[^"\r\n]|"")+"/, categories: Name, label: 'a quoted name' });

export const NumberText = createToken({ name: 'NumberText', pattern: /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/, label: 'a number' });
export const Text = createToken({ name: 'Text', pattern: /'(?:[^']|'')*'/, label: "a text in '…'", line_breaks: true });

const words: TokenType[] = [];

function word(text: string, reserved = true): TokenType {
  const token = createToken({ name: text, pattern: new RegExp(text, 'i'), longer_alt: PlainName, label: text, ...(reserved ? {} : { categories: Name }) });
  words.push(token);
  return token;
}

export const MatchRecognize = word('MATCH_RECOGNIZE');
export const Measures = word('MEASURES');
export const Partition = word('PARTITION');
export const Pattern = word('PATTERN');
export const Permute = word('PERMUTE');
export const Within = word('WITHIN');
export const Define = word('DEFINE');
export const Select = word('SELECT');
export const Between = word('BETWEEN');
export const Interval = word('INTERVAL');
export const Absent = word('ABSENT');
export const Subset = word('SUBSET');
export const Escape = word('ESCAPE');
export const After = word('AFTER');
export const Order = word('ORDER');
export const From = word('FROM');
export const Union = word('UNION');
export const Like = word('LIKE');
export const Null = word('NULL');
export const True = word('TRUE');
export const False = word('FALSE');
export const Case = word('CASE');
export const When = word('WHEN');
export const Then = word('THEN');
export const Else = word('ELSE');
export const And = word('AND');
export const Not = word('NOT');
export const For = word('FOR');
export const End = word('END');
export const As = word('AS');
export const By = word('BY');
export const In = word('IN');
export const Is = word('IS');
export const Or = word('OR');

export const Distinct = word('DISTINCT', false);
export const First = word('FIRST', false);
export const Match = word('MATCH', false);
export const Desc = word('DESC', false);
export const Last = word('LAST', false);
export const Next = word('NEXT', false);
export const Past = word('PAST', false);
export const Rows = word('ROWS', false);
export const Skip = word('SKIP', false);
export const All = word('ALL', false);
export const Asc = word('ASC', false);
export const One = word('ONE', false);
export const Per = word('PER', false);
export const Row = word('ROW', false);
export const To = word('TO', false);

const signs: TokenType[] = [];

function sign(name: string, text: string | RegExp): TokenType {
  const token = createToken({ name, pattern: text, label: typeof text === 'string' ? `"${text}"` : name });
  signs.push(token);
  return token;
}

export const OpenExclusion = sign('OpenExclusion', '{-');
export const CloseExclusion = sign('CloseExclusion', '-}');
export const NotEqual = createToken({ name: 'NotEqual', pattern: /<>|!=/, label: '"<>"' });
export const AtMost = sign('AtMost', '<=');
export const AtLeast = sign('AtLeast', '>=');
export const Concat = sign('Concat', '||');
export const Equal = sign('Equal', '=');
export const Less = sign('Less', '<');
export const Greater = sign('Greater', '>');
export const Bar = sign('Bar', '|');
export const Open = sign('Open', '(');
export const Close = sign('Close', ')');
export const OpenBrace = sign('OpenBrace', '{');
export const CloseBrace = sign('CloseBrace', '}');
export const Comma = sign('Comma', ',');
export const Dot = sign('Dot', '.');
export const Star = sign('Star', '*');
export const Plus = sign('Plus', '+');
export const Minus = sign('Minus', '-');
export const Slash = sign('Slash', '/');
export const Percent = sign('Percent', '%');
export const Question = sign('Question', '?');
export const Semicolon = sign('Semicolon', ';');

const skipped = [
  createToken({ name: 'Space', pattern: /\s+/, group: Lexer.SKIPPED }),
  createToken({ name: 'LineComment', pattern: /--[^\n\r]*/, group: Lexer.SKIPPED }),
  createToken({ name: 'Comment', pattern: /\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\//, group: Lexer.SKIPPED, line_breaks: true }),
];

/** In the order in which the lexer tries them: longer words first, since a shorter one that they begin with would win. */
export const ALL_TOKENS: readonly TokenType[] = [...skipped, ...words.toSorted((a, b) => b.name.length - a.name.length), QuotedName, PlainName, NumberText, Text, NotEqual, ...signs, Name];
