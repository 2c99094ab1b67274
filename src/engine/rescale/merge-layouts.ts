import { SlotLayout } from '../../event/slot-layout.js';

/** One layout for keys that come from tasks with layouts of their own. */
export interface MergedLayout {
  readonly paths: readonly string[];
  /** by task: the slot of now for each of its slots; null where all are the same */
  readonly slots: readonly (readonly number[] | null)[];
}

/** @param layouts paths by slot, of each task */
export function mergeLayouts(layouts: readonly (readonly string[])[]): MergedLayout {
  const merged = new SlotLayout();
  // the longest first: the others mostly are its beginning, and then no record is written anew
  for (const layout of [...layouts].sort((a, b) => b.length - a.length)) for (const path of layout) merged.slotOf(path);
  const slots = layouts.map((layout) => {
    const now = layout.map((path) => merged.slotOf(path));
    return now.every((slot, i) => slot === i) ? null : now;
  });
  return { paths: merged.paths(), slots };
}
