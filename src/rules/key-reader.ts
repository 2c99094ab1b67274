import { EngineError } from '../event/engine-error.js';
import { NO_MATCH, type EventReader } from '../event/match-view.js';
import type { FieldValue, JsonValue, StreamEvent } from '../event/stream-event.js';
import { compileCel } from './cel/compile-cel.js';
import { newContext, resolveFact } from './conditions/compile-context.js';
import type { FactScope } from './fact-scope.js';
import { keyTextOf } from './key-text.js';
import { ruleLimits } from './limits.js';
import { Problems, type Location } from './problem.js';
import type { FactRef } from './rule.js';

/** Reads the key of events. */
export interface KeyReader {
  /** the parts as written: field paths, or `cel:` and the expression; equal lists read equal keys */
  readonly parts: readonly string[];
  /**
   * The event's key as one text (`keyPartsOf` gives its parts), or null where a part is absent, null, a list or an object.
   * @throws EngineError `event.key-too-long` past `keyBytesMax` UTF-8 bytes
   */
  read(event: StreamEvent): string | null;
}

/**
 * Compiles a rule's key. Texts, numbers and booleans make parts, as text; a CEL part that gives a list gives a part for each item.
 * @throws EngineError `rule.invalid` with the first problem
 */
export function compileKey(spec: readonly FactRef[], scope: FactScope, at: Location = ['key']): KeyReader {
  const problems = new Problems();
  const reader = checkKey(spec, scope, problems, at);
  const [first] = problems.list;
  if (first) throw new EngineError('rule.invalid', { problem: first.code, pointer: first.pointer, message: first.message });
  return reader;
}

/** As `compileKey`, with all problems added to `problems`. */
export function checkKey(spec: readonly FactRef[], scope: FactScope, problems: Problems, at: Location): KeyReader {
  const readers = spec.map((part, i) => compileRef(part, scope, problems, [...at, i]));
  const parts = spec.map((part) => ('fact' in part ? part.fact : `cel:${part.cel}`));
  const [only] = readers;
  if (readers.length === 1 && only) return { parts, read: (event) => bounded(single(only(event, NO_MATCH))) };
  return { parts, read: (event) => bounded(several(readers, event)) };
}

/** A reader of a fact or expression. */
export function compileRef(ref: FactRef, scope: FactScope, problems: Problems, at: Location): EventReader {
  const context = newContext(scope, problems);
  if ('cel' in ref) return compileCel(ref.cel, [...at, 'cel'], context).read;
  return resolveFact(context, ref.fact, undefined, at)?.read ?? ((): FieldValue => undefined);
}

/** A value as key text; null where it cannot be one. */
export function keyPart(value: FieldValue): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

function single(value: FieldValue): string | null {
  if (typeof value === 'string') return value.charCodeAt(0) === 1 ? keyTextOf([value]) : value;
  if (!Array.isArray(value)) return keyPart(value);
  const parts: string[] = [];
  return append(parts, value) ? keyTextOf(parts) : null;
}

function several(readers: readonly EventReader[], event: StreamEvent): string | null {
  const parts: string[] = [];
  for (const read of readers) if (!append(parts, read(event, NO_MATCH))) return null;
  return keyTextOf(parts);
}

function append(parts: string[], value: FieldValue): boolean {
  if (Array.isArray(value)) return value.length <= ruleLimits.keyPartsMax && (value as readonly JsonValue[]).every((item) => !Array.isArray(item) && append(parts, item));
  const part = keyPart(value);
  if (part !== null) parts.push(part);
  return part !== null;
}

function bounded(key: string | null): string | null {
  if (key === null || key.length * 3 <= ruleLimits.keyBytesMax) return key;
  const bytes = utf8Length(key);
  if (bytes <= ruleLimits.keyBytesMax) return key;
  throw new EngineError('event.key-too-long', { found: bytes, expected: `at most ${ruleLimits.keyBytesMax} bytes` });
}

/** Bytes of a text in UTF-8; half a surrogate pair counts as the three bytes of its replacement. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (code >= 0x10000) i++;
  }
  return bytes;
}
