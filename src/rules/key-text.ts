/**
 * Key parts as one text for maps and topics, and back. One part is itself, so the common case costs nothing; several
 * parts, and one part that begins with the mark, are written as mark + part for each part, with mark and escape escaped.
 */
const MARK = '\u0001';
const ESCAPE = '\u0002';

/** The one text of a key's parts; null for no parts. Different lists of parts have different texts. */
export function keyTextOf(parts: readonly string[]): string | null {
  if (parts.length === 0) return null;
  if (parts.length === 1) {
    const only = parts[0] as string;
    if (!only.startsWith(MARK)) return only;
  }
  let text = '';
  for (const part of parts) text += MARK + escaped(part);
  return text;
}

/** Whether the text is that of a key of one part, which is the text itself. */
export const isOnePart = (text: string): boolean => !text.startsWith(MARK);

/** The parts that `keyTextOf` was given. */
export function keyPartsOf(text: string): string[] {
  if (isOnePart(text)) return [text];
  return text.slice(1).split(MARK).map(unescaped);
}

function escaped(part: string): string {
  if (!part.includes(MARK) && !part.includes(ESCAPE)) return part;
  return part.replaceAll(ESCAPE, `${ESCAPE}e`).replaceAll(MARK, `${ESCAPE}m`);
}

function unescaped(part: string): string {
  if (!part.includes(ESCAPE)) return part;
  return part.replaceAll(`${ESCAPE}m`, MARK).replaceAll(`${ESCAPE}e`, ESCAPE);
}
