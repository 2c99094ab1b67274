/**
 * The paths that live rules read, each with a slot. Append only: a slot never moves while a task lives, so what was
 * compiled against an older state of the layout stays right, and a rule change only adds slots at its journaled place.
 */
export class SlotLayout {
  private readonly slots = new Map<string, number>();

  /** Number of slots; a record decoded now has this many fields. */
  get size(): number {
    return this.slots.size;
  }

  /** The slot of a path (`amountMinor`, `device.id`, `items[0].sku`), given out at first sight. */
  slotOf(path: string): number {
    let slot = this.slots.get(path);
    if (slot === undefined) this.slots.set(path, (slot = this.slots.size));
    return slot;
  }

  /** All paths in order of their slots. */
  paths(): string[] {
    return [...this.slots.keys()];
  }
}
