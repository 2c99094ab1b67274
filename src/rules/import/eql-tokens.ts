import { createToken, Lexer, type TokenType } from 'chevrotain';

const word = (name: string, text: string, sameCase = true): TokenType => createToken({ name, pattern: new RegExp(`${text}(?![\\w~])`, sameCase ? '' : 'i'), label: text.replace('\\', '') });

export const Sequence = word('Sequence', 'sequence');
export const Sample = word('Sample', 'sample');
export const MaxSpan = word('MaxSpan', 'maxspan');
export const Runs = word('Runs', 'runs');
export const Until = word('Until', 'until');
export const Where = word('Where', 'where');
export const With = word('With', 'with');
export const By = word('By', 'by');
export const And = word('And', 'and');
export const Or = word('Or', 'or');
export const Not = word('Not', 'not');
export const True = word('True', 'true');
export const False = word('False', 'false');
export const Null = word('Null', 'null');
/** `in`, `like`, `regex`, with `~` where case does not matter */
export const Lookup = createToken({ name: 'Lookup', pattern: /(?:in|like|regex)(?:~|(?!\w))/, label: '"in", "like" or "regex"' });
/** a field's or category's or function's name; `?` before an optional field */
export const Name = createToken({ name: 'Name', pattern: /\??(?:[A-Za-z_@][\w@-]*|`(?:[^`]|``)+`)(?:\.(?:[A-Za-z_@][\w@-]*|`(?:[^`]|``)+`))*~?/, label: 'a name' });
export const Span = createToken({ name: 'Span', pattern: /\d+(?:ms|micros|nanos|s|m|h|d)(?!\w)/, label: 'a length of time' });
export const NumberText = createToken({ name: 'NumberText', pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, label: 'a number' });
export const RawText = createToken({ name: 'RawText', pattern: /"""[^"]*(?:"(?!"")[^"]*)*"""/, label: 'a text', line_breaks: true });
export const Text = createToken({ name: 'Text', pattern: /"(?:[^"\\\n]|\\.)*"/, label: 'a text' });
export const Compare = createToken({ name: 'Compare', pattern: /==|!=|<=|>=|<|>/, label: 'a comparison' });

const sign = (name: string, text: string): TokenType => createToken({ name, pattern: text, label: `"${text}"` });
export const Colon = sign('Colon', ':');
export const Equal = sign('Equal', '=');
export const Bang = sign('Bang', '!');
export const OpenItem = sign('OpenItem', '[');
export const CloseItem = sign('CloseItem', ']');
export const Open = sign('Open', '(');
export const Close = sign('Close', ')');
export const Comma = sign('Comma', ',');
export const Plus = sign('Plus', '+');
export const Minus = sign('Minus', '-');
export const Star = sign('Star', '*');
export const Slash = sign('Slash', '/');
export const Percent = sign('Percent', '%');
export const Pipe = sign('Pipe', '|');

const skipped = [
  createToken({ name: 'Space', pattern: /\s+/, group: Lexer.SKIPPED }),
  createToken({ name: 'LineComment', pattern: /\/\/[^\n\r]*/, group: Lexer.SKIPPED }),
  createToken({ name: 'Comment', pattern: /\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\//, group: Lexer.SKIPPED, line_breaks: true }),
];
const keywords = [Sequence, Sample, MaxSpan, Runs, Until, Where, With, By, And, Or, Not, True, False, Null, Lookup];
export const ALL_TOKENS: readonly TokenType[] = [...skipped, ...keywords, Name, Span, NumberText, RawText, Text, Compare, Colon, Equal, Bang, OpenItem, CloseItem, Open, Close, Comma, Plus, Minus, Star, Slash, Percent, Pipe];
