/** Every field name of the language, for "did you mean". A test holds it to the schema. */
export const LANGUAGE_WORDS: readonly string[] = [
  ...['id', 'name', 'description', 'severity', 'tags', 'params', 'from', 'key', 'on', 'conditions', 'let', 'when', 'pattern', 'policy', 'alert', 'emit', 'onMissing', 'compat', 'onChange', 'limits', 'tests'],
  ...['all', 'any', 'not', 'condition', 'cel', 'fact', 'operator', 'value', 'path', 'priority', 'some', 'every', 'none', 'count', 'where', 'as'],
  ...['sum', 'avg', 'min', 'max', 'stddev', 'distinct', 'percentile', 'p', 'accuracy', 'collect', 'limit', 'first', 'last', 'previous', 'seen', 'ttl', 'refresh', 'baseline', 'seasonal', 'bucket', 'seasons', 'tz', 'decay', 'halfLife'],
  ...['of', 'by', 'since', 'at', 'current', 'window', 'sliding', 'delay', 'resolution', 'tumbling', 'session'],
  ...['stages', 'follow', 'times', 'optional', 'greedy', 'inner', 'gap', 'within', 'span', 'until', 'having', 'next', 'absent', 'for', 'repeatEvery', 'resolve', 'allOf', 'atLeast', 'oneOf', 'group'],
  ...['skip', 'toFirst', 'toLast', 'accept', 'pick', 'onTimeout', 'edge', 'fire', 'per', 'each', 'reset', 'once', 'rearmWhen'],
  ...['type', 'include', 'message', 'facts', 'signal', 'fields', 'partialMatches', 'windowEntries', 'evidence', 'groups', 'events', 'lists', 'disorder', 'advanceTo', 'expect', 'kind'],
];
