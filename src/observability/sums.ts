/** Sums by a set of attributes: an observable counter must tell each set once, and `other` stands for many. */
export class Sums {
  private readonly sums = new Map<string, { readonly attributes: Readonly<Record<string, string>>; value: number }>();

  add(value: number, attributes: Readonly<Record<string, string>>): void {
    const id = JSON.stringify(attributes);
    const known = this.sums.get(id);
    if (known === undefined) this.sums.set(id, { attributes, value });
    else known.value += value;
  }

  *[Symbol.iterator](): Iterator<{ readonly attributes: Readonly<Record<string, string>>; readonly value: number }> {
    yield* this.sums.values();
  }
}
