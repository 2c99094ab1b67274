/** Stands for all values beyond the bound. */
export const OTHER = 'other';

/** Values of an attribute that have a series of their own: the first so many that come; the rest are one. So no user can make series without end. */
export class BoundedLabels {
  private readonly known = new Set<string>();

  constructor(private readonly max: number) {}

  /** The value, or `other`. The same answer for the same value, always. */
  of(value: string): string {
    if (this.known.has(value)) return value;
    if (this.known.size >= this.max) return OTHER;
    this.known.add(value);
    return value;
  }
}
