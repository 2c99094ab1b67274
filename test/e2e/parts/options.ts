/** `--name value` of the command line. */
export function option(name: string, otherwise: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
}

/** @throws Error for what is no number */
export function numberOption(name: string, otherwise: number): number {
  const value = Number(option(name, String(otherwise)));
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} must be a number, it is ${option(name, '')}`);
  return value;
}
