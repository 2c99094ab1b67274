/** Bounds of an SQL text, so that reading it ends soon whatever it says; each is reached by a test. */
export const sqlLimits = {
  /** characters of a text */
  textCharsMax: 65_536,
  /** tokens of a text: the parser's work is linear in them */
  tokensMax: 8_000,
  /** levels of brackets: the parser and what walks its tree are recursive */
  nestingMax: 40,
  /** problems reported for one text */
  problemsMax: 20,
} as const;
