/** Thrown and caught within this folder: a part of a rule has no form in SQL. */
export class Unsayable extends Error {
  override readonly name = 'Unsayable';
}

export function unsayable(what: string): never {
  throw new Unsayable(what);
}
