import type { ConditionJson } from '../conditions/condition-node.js';

/** How a text is compared with a pattern in which `*` stands for any text and `?` for one character. */
export interface WildcardTest {
  readonly pattern: string;
  readonly ignoreCase: boolean;
  /** what `\` before a wildcard does: takes its meaning away, or stands for itself */
  readonly escapes: boolean;
}

/** The condition that a fact fits a pattern: the plainest operator that says it. */
export function wildcardCondition(fact: string, { pattern, ignoreCase, escapes }: WildcardTest): ConditionJson {
  const pieces = piecesOf(pattern, escapes);
  const [first, second] = pieces;
  const text = typeof first === 'string' ? first : typeof second === 'string' ? second : '';
  if (pieces.length <= 1 && first !== ANY && first !== ONE) return { fact, operator: ignoreCase ? 'equalsIgnoreCase' : 'equal', value: text };
  if (!ignoreCase && pieces.length === 2 && second === ANY && typeof first === 'string') return { fact, operator: 'startsWith', value: text };
  if (!ignoreCase && pieces.length === 2 && first === ANY && typeof second === 'string') return { fact, operator: 'endsWith', value: text };
  return { fact, operator: 'matches', value: regexOf(pieces, ignoreCase) };
}

const ANY = Symbol('any text');
const ONE = Symbol('one character');
type Piece = string | typeof ANY | typeof ONE;

function piecesOf(pattern: string, escapes: boolean): Piece[] {
  const pieces: Piece[] = [];
  const add = (piece: Piece): void => {
    const before = pieces[pieces.length - 1];
    if (typeof piece === 'string' && typeof before === 'string') pieces[pieces.length - 1] = before + piece;
    else if (piece !== ANY || before !== ANY) pieces.push(piece);
  };
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string;
    const next = characters[i + 1];
    if (escapes && character === '\\' && (next === '*' || next === '?' || next === '\\')) {
      add(next);
      i++;
    } else add(character === '*' ? ANY : character === '?' ? ONE : character);
  }
  return pieces;
}

/** RE2 syntax: anchored where the pattern has no wildcard. */
function regexOf(pieces: readonly Piece[], ignoreCase: boolean): string {
  const open = pieces[0] === ANY;
  const inner = open ? pieces.slice(1) : pieces;
  const openEnd = inner.length > 0 && inner[inner.length - 1] === ANY;
  const body = (openEnd ? inner.slice(0, -1) : inner).map((piece) => (piece === ANY ? '.*' : piece === ONE ? '.' : piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')));
  return `(?${ignoreCase ? 'is' : 's'})${open ? '' : '^'}${body.join('')}${openEnd ? '' : '$'}`;
}
