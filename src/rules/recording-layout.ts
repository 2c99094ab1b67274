import { SlotLayout } from '../event/slot-layout.js';

/** Notes which slots a rule, or a part of one, uses of the layout that all rules of the task share. */
export class RecordingLayout extends SlotLayout {
  /** @param used is filled on the way */
  constructor(
    private readonly shared: SlotLayout,
    readonly used = new Set<number>(),
  ) {
    super();
  }

  override slotOf(path: string): number {
    const slot = this.shared.slotOf(path);
    this.used.add(slot);
    return slot;
  }
}
