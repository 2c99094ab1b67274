import type { EventReader, MatchView } from '../event/match-view.js';
import type { FieldValue, StreamEvent } from '../event/stream-event.js';
import { newContext, resolveFact } from './conditions/compile-context.js';
import type { FactScope } from './fact-scope.js';
import type { Location, Problems } from './problem.js';
import { Problems as ProblemList } from './problem.js';

/** A message with its facts filled in. */
export type Template = (event: StreamEvent, match: MatchView) => string;

const HOLE = /\{\{\s*([^{}]*?)\s*\}\}/g;
/** Characters of a filled-in value: a message is for reading. */
const VALUE_CHARS_MAX = 200;

/**
 * Compiles `"{{sent.amountMinor}} to {{payee.payeeId}}"`. Texts only: no expressions, no escapes. A fact without a value is written `?`.
 * Names are taken as known; `checkTemplate` says which are not.
 */
export function compileTemplate(text: string, scope: FactScope): Template {
  return checkTemplate(text, scope, new ProblemList(), []);
}

/** As `compileTemplate`, with unknown names added to `problems`. */
export function checkTemplate(text: string, scope: FactScope, problems: Problems, at: Location): Template {
  const parts: (string | EventReader)[] = [];
  let from = 0;
  for (const hole of text.matchAll(HOLE)) {
    parts.push(text.slice(from, hole.index));
    from = hole.index + hole[0].length;
    const name = hole[1] as string;
    const fact = name === '' ? null : resolveFact(newContext(scope, problems), name, undefined, at);
    if (name === '') problems.add('template.syntax', at, 'found {{}} without a name; expected a fact such as {{sent.amountMinor}}');
    if (fact) parts.push(fact.read);
  }
  const rest = text.slice(from);
  if (rest.includes('{{')) problems.add('template.syntax', at, 'found "{{" without "}}"; expected a fact between them');
  parts.push(rest);
  return (event, match) => parts.map((part) => (typeof part === 'string' ? part : shownValue(part(event, match)))).join('');
}

function shownValue(value: FieldValue): string {
  if (value === undefined || value === null) return '?';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > VALUE_CHARS_MAX ? `${text.slice(0, VALUE_CHARS_MAX)}…` : text;
}
