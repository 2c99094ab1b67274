import { parseArgs } from 'node:util';

/** What an option of a command takes. */
export type OptionKind =
  | { readonly kind: 'flag' }
  | { readonly kind: 'text'; readonly otherwise?: string }
  | { readonly kind: 'choice'; readonly of: readonly string[]; readonly otherwise?: string }
  | { readonly kind: 'number'; readonly from: number; readonly to: number; readonly otherwise: number };

/** A command is chosen by an option of its own name; everything else belongs to one command. */
export interface CommandSpec {
  /** as in `--growth`; `takes` where it has a value itself */
  readonly name: string;
  readonly takes?: OptionKind;
  readonly about: string;
  readonly options: Readonly<Record<string, OptionKind & { readonly about: string }>>;
}

/** What stands on the command line cannot be used: says what was found and what was expected. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/** The values of a command's options, defaults filled in. */
export class Chosen {
  readonly command: string;
  private readonly values: Readonly<Record<string, string | number | boolean | undefined>>;

  constructor(command: string, values: Readonly<Record<string, string | number | boolean | undefined>>) {
    this.command = command;
    this.values = values;
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  number(name: string): number {
    const value = this.values[name];
    if (typeof value !== 'number') throw new Error(`option ${name} is not a number`);
    return value;
  }

  /** null where it may be left out and was */
  textOr(name: string): string | null {
    const value = this.values[name];
    return typeof value === 'string' ? value : null;
  }

  text(name: string): string {
    const value = this.values[name];
    if (typeof value !== 'string') throw new ArgumentError(`--${name} is missing: --${this.command} needs it`);
    return value;
  }
}

/** @throws ArgumentError */
export function readArguments(commands: readonly CommandSpec[], args: readonly string[]): Chosen {
  const given = rawOptions(commands, args);
  const names = commands.map(({ name }) => `--${name}`).join(', ');
  const [command, other] = commands.filter(({ name }) => given[name] !== undefined);
  if (command === undefined) throw new ArgumentError(`found no command; expected one of ${names}`);
  if (other !== undefined) throw new ArgumentError(`found --${command.name} and --${other.name}; expected one of ${names}`);
  const known: Readonly<Record<string, OptionKind>> = { ...command.options, [command.name]: command.takes ?? { kind: 'flag' } };
  for (const name of Object.keys(given)) {
    if (!(name in known)) throw new ArgumentError(`found --${name} with --${command.name}; expected ${optionNames(command)}`);
  }
  return new Chosen(command.name, Object.fromEntries(Object.entries(known).map(([name, kind]) => [name, valueOf(name, kind, given[name])])));
}

function rawOptions(commands: readonly CommandSpec[], args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const kinds = Object.fromEntries(commands.flatMap((command) => [[command.name, command.takes ?? { kind: 'flag' }], ...Object.entries(command.options)] as [string, OptionKind][]));
  const options = Object.fromEntries(Object.entries(kinds).map(([name, { kind }]) => [name, { type: kind === 'flag' ? ('boolean' as const) : ('string' as const) }]));
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [reason] = (error as Error).message.split('. ');
    throw new ArgumentError(`${reason}; expected ${Object.keys(options).map((name) => `--${name}`).join(', ')}`, { cause: error });
  }
}

function optionNames({ options }: CommandSpec): string {
  const names = Object.keys(options).map((name) => `--${name}`);
  return names.length === 0 ? 'nothing else' : names.join(', ');
}

function valueOf(name: string, kind: OptionKind, given: string | boolean | undefined): string | number | boolean | undefined {
  switch (kind.kind) {
    case 'flag':
      return given === true;
    case 'text':
      if (given === '') throw new ArgumentError(`--${name}: found nothing, expected a value`);
      return given ?? kind.otherwise;
    case 'choice': {
      if (given === undefined) return kind.otherwise;
      const found = kind.of.find((choice) => choice.toUpperCase() === String(given).toUpperCase());
      if (found === undefined) throw new ArgumentError(`--${name}: found ${String(given)}, expected ${kind.of.join(', ')}`);
      return found;
    }
    case 'number': {
      if (given === undefined) return kind.otherwise;
      const value = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : NaN;
      if (!(value >= kind.from && value <= kind.to)) throw new ArgumentError(`--${name}: found ${String(given)}, expected a whole number from ${kind.from} to ${kind.to}`);
      return value;
    }
  }
}

/** The manual, from the same description. */
export function manual(commands: readonly CommandSpec[]): string {
  const lines = ['usage: npm run bench -- COMMAND [OPTION …]', ''];
  for (const command of commands) {
    lines.push(`--${command.name}${placeholder(command.takes)}`, `    ${command.about}`);
    for (const [name, option] of Object.entries(command.options)) lines.push(`    --${`${name}${placeholder(option)}`.padEnd(18)} ${option.about}${defaultOf(option)}`);
    lines.push('');
  }
  return [...lines, '--help', '    this text'].join('\n');
}

function placeholder(kind: OptionKind | undefined): string {
  if (kind === undefined || kind.kind === 'flag') return '';
  return kind.kind === 'choice' ? ` ${kind.of.join('|')}` : kind.kind === 'number' ? ' N' : ' TEXT';
}

const defaultOf = (kind: OptionKind): string => ('otherwise' in kind && kind.otherwise !== undefined ? ` (${kind.otherwise})` : '');
