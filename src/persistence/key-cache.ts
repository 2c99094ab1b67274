/** Remembers values with the time they were read; the one set longest ago goes first when it is full. */
export class KeyCache<T> {
  private readonly entries = new Map<string, { readonly value: T; readonly atMs: number }>();
  private readonly entriesMax: number;

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  get(key: string): { readonly value: T; readonly atMs: number } | undefined {
    return this.entries.get(key);
  }

  set(key: string, value: T, atMs: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, atMs });
    if (this.entries.size <= this.entriesMax) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}
