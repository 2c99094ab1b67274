/** Where a text stops being JSON. Counted in characters; line and column from 1. */
export interface JsonFault {
  readonly position: number;
  readonly line: number;
  readonly column: number;
}

/** A number or word may not run on into another word. */
const ATOM = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Expected = 'value' | 'value-or-]' | 'name' | 'name-or-}' | ':' | 'next';

/**
 * Finds the first token that JSON's grammar does not allow. `JSON.parse` refuses first; its messages give no position for
 * many mistakes, and quote the text. Linear; only runs for texts that were refused.
 */
export function findJsonFault(text: string): JsonFault {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let at = skipSpace(text, 0); ; at = skipSpace(text, at)) {
    const character = text[at];
    const after = tokenEnd(text, at);
    if (character === undefined || after < 0) return place(text, after < 0 ? -after - 1 : at);
    const next = step(expected, character, open);
    if (next === null) return place(text, at);
    expected = next;
    at = after;
  }
}

/** What may follow a token that begins with `character`; null where that token may not stand here. Keeps `open` up to date. */
function step(expected: Expected, character: string, open: string[]): Expected | null {
  if (expected === ':') return character === ':' ? 'value' : null;
  if (expected === 'name' || expected === 'name-or-}') {
    if (character === '"') return ':';
    return character === '}' && expected === 'name-or-}' ? close(open) : null;
  }
  if (expected === 'next') {
    if (character === ',' && open.length > 0) return open.at(-1) === '{' ? 'name' : 'value';
    return (character === '}' && open.at(-1) === '{') || (character === ']' && open.at(-1) === '[') ? close(open) : null;
  }
  if (character === '{' || character === '[') {
    open.push(character);
    return character === '{' ? 'name-or-}' : 'value-or-]';
  }
  if (character === ']' && expected === 'value-or-]') return close(open);
  return '}],:'.includes(character) ? null : 'next';
}

function close(open: string[]): Expected {
  open.pop();
  return 'next';
}

/** Index past the token at `at`, or −(index of its fault) − 1. */
function tokenEnd(text: string, at: number): number {
  const character = text[at];
  if (character === undefined || '{}[],:'.includes(character)) return at + 1;
  if (character === '"') return stringEnd(text, at);
  ATOM.lastIndex = at;
  return ATOM.test(text) ? ATOM.lastIndex : -at - 1;
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return -at - 1;
    if (code === 0x5c) {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) return -at - 1;
      at = ESCAPE.lastIndex - 1;
    }
  }
  return -text.length - 1;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++;
  return at;
}

function place(text: string, position: number): JsonFault {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) {
    line++;
    start = at + 1;
  }
  return { position, line, column: position - start + 1 };
}
