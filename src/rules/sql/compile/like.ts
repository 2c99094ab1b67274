/** What a `LIKE` pattern asks of a text. */
export type LikeTest =
  | { readonly kind: 'equal' | 'startsWith' | 'endsWith' | 'contains'; readonly text: string }
  /** RE2 syntax */
  | { readonly kind: 'matches'; readonly text: string };

/** Reads a pattern of `LIKE`: `%` stands for any text, `_` for one character; `escape` before either takes its meaning away. */
export function likeTest(pattern: string, escape: string | null): LikeTest {
  const pieces = piecesOf(pattern, escape);
  const texts = pieces.filter((piece) => typeof piece === 'string');
  const [first, last] = [pieces[0], pieces[pieces.length - 1]];
  const text = texts[0] ?? '';
  if (pieces.length === 0) return { kind: 'equal', text: '' };
  if (!pieces.includes(ONE) && texts.length <= 1) {
    if (pieces.length === 1) return typeof first === 'string' ? { kind: 'equal', text } : { kind: 'contains', text: '' };
    if (pieces.length === 2 && last === ANY) return { kind: 'startsWith', text };
    if (pieces.length === 2) return { kind: 'endsWith', text };
    if (pieces.length === 3) return { kind: 'contains', text };
  }
  const regex = pieces.map((piece) => (piece === ANY ? '.*' : piece === ONE ? '.' : piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')));
  return { kind: 'matches', text: `(?s)^${regex.join('')}$` };
}

const ANY = Symbol('any text');
const ONE = Symbol('one character');

function piecesOf(pattern: string, escape: string | null): (string | typeof ANY | typeof ONE)[] {
  const pieces: (string | typeof ANY | typeof ONE)[] = [];
  const addText = (character: string): void => {
    const before = pieces[pieces.length - 1];
    if (typeof before === 'string') pieces[pieces.length - 1] = before + character;
    else pieces.push(character);
  };
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string;
    const next = characters[i + 1];
    if (escape !== null && character === escape && next !== undefined) {
      addText(next);
      i++;
    } else if (character === '_') pieces.push(ONE);
    else if (character !== '%') addText(character);
    else if (pieces[pieces.length - 1] !== ANY) pieces.push(ANY);
  }
  return pieces;
}
