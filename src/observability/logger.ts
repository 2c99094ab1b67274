import { pino } from 'pino';
import { Folding } from './folding.js';
import { prettyLine } from './pretty-line.js';
import { redactFacts, redactText } from './redaction.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFacts = Readonly<Record<string, unknown>>;

/** Structured log of the process: one line for each happening. Facts and messages are freed of secrets. */
export interface Logger {
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  /** Equal messages within some seconds are one line with their number. */
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
  /** Whether lines of this level are written. */
  writes(level: LogLevel): boolean;
  /** A logger whose every line has these facts. */
  child(facts: LogFacts): Logger;
  /** Writes warnings that are held back: before the process ends. */
  flush(): void;
}

export interface LoggerOptions {
  /** default `info` */
  readonly level?: LogLevel;
  /** text for people instead of JSON; default: whether stdout is a terminal */
  readonly pretty?: boolean;
  /** where lines go, each with its end; default stdout */
  readonly write?: (line: string) => void;
  /** how long equal warnings are held back, ms */
  readonly foldMs?: number;
}

/** Level by its name, as `LOG_LEVEL` gives it; `info` for a name that is none. */
export function logLevelOf(text: string | undefined): LogLevel {
  return LOG_LEVELS.find((level) => level === text?.trim().toLowerCase()) ?? 'info';
}

/** Makes the log of the process: JSON lines on stdout, or text where a person looks. */
export function createLogger({ level = 'info', pretty = process.stdout.isTTY === true, write, foldMs }: LoggerOptions = {}): Logger {
  const out = write ?? ((line: string) => void process.stdout.write(line));
  const target = { write: pretty ? (line: string) => out(prettyLine(line, write === undefined)) : out };
  const lines = pino(
    {
      level,
      base: null,
      // times and levels as words: a line is read without a table
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }), log: (facts) => redactFacts(facts) as Record<string, unknown> },
      // errors were made plain together with the other facts
      serializers: { err: (error: unknown) => error },
    },
    target,
  );
  return new FoldingLogger(lines, new Folding(foldMs));
}

type Lines = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled'>;

class FoldingLogger implements Logger {
  constructor(
    private readonly lines: Lines,
    private readonly folding: Folding,
    private readonly facts: LogFacts = {},
  ) {}

  debug(message: string, facts: LogFacts = {}): void {
    if (this.lines.isLevelEnabled('debug')) this.lines.debug({ ...this.facts, ...facts }, redactText(message));
  }

  info(message: string, facts: LogFacts = {}): void {
    this.lines.info({ ...this.facts, ...facts }, redactText(message));
  }

  warn(message: string, facts: LogFacts = {}): void {
    const all = { ...this.facts, ...facts };
    this.folding.say(message, (repeated) => this.lines.warn(repeated === 0 ? all : { ...all, repeated }, redactText(message)));
  }

  error(message: string, facts: LogFacts = {}): void {
    this.lines.error({ ...this.facts, ...facts }, redactText(message));
  }

  writes(level: LogLevel): boolean {
    return this.lines.isLevelEnabled(level);
  }

  child(facts: LogFacts): Logger {
    return new FoldingLogger(this.lines, this.folding, { ...this.facts, ...facts });
  }

  flush(): void {
    this.folding.flush();
  }
}
