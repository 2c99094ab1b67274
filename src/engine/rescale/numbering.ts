import { SIGNALS } from '../control/topology.js';

/** Another number of keyed tasks: they have the first numbers, so those of the source tasks move too. */
export interface Renumbering {
  /** keyed tasks before */
  readonly from: number;
  /** keyed tasks from now on */
  readonly to: number;
}

const SIGNAL_LANE = new RegExp(`^${SIGNALS}:(\\d+)/(\\d+)$`);

/** The number that a source task has from now on. */
export function renumbered(task: number, { from, to }: Renumbering): number {
  return task - from + to;
}

/** The lanes that stand for one from now on: the signals of a keyed task may come from any of the new ones. */
export function lanesFor(id: string, { from, to }: Renumbering): string[] {
  const match = SIGNAL_LANE.exec(id);
  if (match === null) return [id];
  const [level, task] = [match[1] as string, Number(match[2])];
  if (task >= from) return [`${SIGNALS}:${level}/${renumbered(task, { from, to })}`];
  return Array.from({ length: to }, (_, number) => `${SIGNALS}:${level}/${number}`);
}
