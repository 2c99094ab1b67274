/** Bounds of what is told to operators, with reasons. */
export const observabilityLimits = {
  /** different rules, sources and tasks that have a series of their own; the others share `other`. A scrape then stays below some ten thousand lines */
  ruleLabelsMax: 200,
  sourceLabelsMax: 100,
  taskLabelsMax: 256,
  /** the same warning is written once in this time, ms; the line after it says how often it came meanwhile */
  foldWarningsMs: 10_000,
  /** different warnings whose repetitions are counted; a new one beyond that is written at once */
  foldedWarningsMax: 500,
  /** characters of one text in a log line: a stack, a message from elsewhere */
  textCharactersMax: 8_000,
  /** levels to which facts of a log line are looked through for secrets */
  redactionDepthMax: 6,
  /** the event loop's delay is told over the last one to two of these, ms */
  loopDelaySpanMs: 30_000,
  /** resolution of its measurement, ms */
  loopDelayResolutionMs: 20,
  /** how long the exporters may take to send what they have when the process ends, ms */
  shutdownMs: 3_000,
} as const;
