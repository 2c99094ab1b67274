const NAMES: Readonly<Record<string, string>> = { trace: 'trace', debug: 'debug', info: 'info ', warn: 'WARN ', error: 'ERROR', fatal: 'FATAL' };
const COLOURS: Readonly<Record<string, string>> = { warn: '\u001b[33m', error: '\u001b[31m', fatal: '\u001b[31m', debug: '\u001b[2m', trace: '\u001b[2m' };
const PLAIN = '\u001b[0m';

/** A JSON line of the log as a person reads it: time of day, level, message, `name=value`. What is no such line stays as it is. */
export function prettyLine(line: string, colours: boolean): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, err, ...facts } = entry;
  const name = String(level);
  const shown = Object.entries(facts).map(([fact, value]) => `${fact}=${typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`);
  const stack = typeof err === 'object' && err !== null ? (err as { stack?: unknown; message?: unknown }) : null;
  const colour = colours ? (COLOURS[name] ?? '') : '';
  const head = [String(time).slice(11, 23), `${colour}${NAMES[name] ?? name}${colour === '' ? '' : PLAIN}`, String(msg ?? ''), ...shown].join(' ');
  return stack === null ? `${head}\n` : `${head}\n${String(stack.stack ?? stack.message ?? '')}\n`;
}
