/** Bounds of a rule document and of what it may cost; each is reached by a test. The reason stands beside each. */
export const ruleLimits = {
  /** characters of a document as JSON text, counted on the way in: parsing stays well under 100 ms */
  documentCharsMax: 262_144,
  /** values of any kind in a document (objects, members, list items) */
  documentNodesMax: 30_000,
  /** levels of nesting of a document: a pattern's groups, stages and conditions together */
  documentDepthMax: 64,
  /** characters of one text: a description, an expression, a list value */
  textCharsMax: 65_536,
  /** characters of a name: rule, stage, entry, list, field path */
  nameCharsMax: 128,
  /** characters of a field path */
  pathCharsMax: 256,
  /** stages of a pattern, those inside groups counted too */
  stagesMax: 64,
  /** `let` entries of a rule: each is state per key */
  letsMax: 64,
  /** sources of a rule */
  sourcesMax: 16,
  /** parts of a key */
  keyPartsMax: 8,
  /** values of a literal list in a condition */
  listValuesMax: 10_000,
  /** levels of nested conditions, so that a reader and the call stack can follow */
  conditionDepthMax: 32,
  /** nodes of all conditions of a rule with named conditions written out: a name used twice in a name used twice doubles */
  conditionNodesMax: 2_000,
  /** decorators before one operator */
  decoratorsMax: 8,
  /** characters of a regular expression with its repeat counts written out: each character of a text costs at most so many steps */
  regexCharsMax: 1_000,
  /** the same of all regular expressions of a rule: compiling is linear in it */
  regexCharsOfRuleMax: 2_000,
  /** characters of a text that a regular expression looks at (a few ms at worst); a longer one counts as wrong type */
  regexInputCharsMax: 4_096,
  /** elements of an event's list that one scan looks at; a longer list counts as wrong type */
  scanElementsMax: 1_000,
  /** scans inside scans: 1,000 × 1,000 steps are the most one node may cost */
  scanDepthMax: 2,
  /** characters of one CEL expression */
  celCharsMax: 4_096,
  /** nodes of one CEL expression */
  celNodesMax: 500,
  /** levels of one CEL expression: left-leaning chains such as a + b + c count one each */
  celDepthMax: 128,
  /** steps one evaluation of an expression may cost in the worst case, scans multiplied out */
  celCostMax: 5_000_000,
  /** nodes of all CEL expressions of a rule */
  celNodesOfRuleMax: 10_000,
  /** characters of a text that an expression builds; a longer one has no value */
  celTextCharsMax: 65_536,
  /** UTF-8 bytes of a key */
  keyBytesMax: 1_024,
  /** the longest duration, ms: a hundred years; sums of times stay exact */
  durationMsMax: 100 * 365 * 86_400_000,
  /** largest count that a number of the language may ask for */
  countMax: 1_000_000,
  /** problems reported for one document */
  problemsMax: 50,
  /** values of one managed list */
  listEntriesMax: 1_000_000,
  /** managed lists of an engine: a list for each account is allowed */
  listsMax: 1_000_000,
} as const;
