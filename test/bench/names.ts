import { ArgumentError } from './arguments.js';

/** Those of `all` that `given` names, comma separated; all where nothing is given. @throws ArgumentError for a name that is none */
export function chosenOf<T>(option: string, given: string | null, all: readonly T[], nameOf: (one: T) => string): T[] {
  if (given === null) return [...all];
  const known = all.map(nameOf);
  const wanted = given.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new ArgumentError(`--${option}: found ${unknown.join(', ')}, expected ${known.join(', ')}`);
  return all.filter((one) => wanted.includes(nameOf(one)));
}
