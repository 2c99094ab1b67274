import { observabilityLimits } from './limits.js';

const HIDDEN = '[hidden]';

/** Names whose value is a secret, wherever they stand. */
const SECRET_NAME = /authorization|cookie|passw|passphrase|secret|token|credential|api[-_]?key|admin[-_]?key|private[-_]?key|sasl/i;

/** User and password in an address; the value of an Authorization header; a key of ours. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/"'<>]*@/gi, `$1${HIDDEN}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/g, `$1 ${HIDDEN}`],
  [/\bvigil_[A-Za-z0-9_-]{16,}/g, HIDDEN],
  [/\b((?:password|passwd|pwd|secret|api_?key|token)=)[^\s&;,"']+/gi, `$1${HIDDEN}`],
];

/** A text without secrets that show by their form, and no longer than a log line may be. */
export function redactText(text: string): string {
  const { textCharactersMax } = observabilityLimits;
  let shown = text.length > textCharactersMax ? `${text.slice(0, textCharactersMax)}…` : text;
  for (const [secret, instead] of SECRET_TEXT) shown = shown.replace(secret, instead);
  return shown;
}

/** A copy of facts for the log: secrets are hidden by their names and by their form; errors become their message and stack. */
export function redactFacts(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? String(value) : value;
  if (depth >= observabilityLimits.redactionDepthMax) return '[deeper]';
  if (value instanceof Error) return errorFacts(value, depth);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (Array.isArray(value)) return value.map((item) => redactFacts(item, depth + 1));
  if (value instanceof Date || value instanceof URL) return redactText(String(value));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, SECRET_NAME.test(name) ? HIDDEN : redactFacts(member, depth + 1)]));
}

function errorFacts(error: Error, depth: number): Record<string, unknown> {
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: redactText(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactFacts(error.cause, depth + 1) }),
  };
}
