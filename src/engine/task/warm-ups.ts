/** How far the state of a group of its own has been rebuilt from one partition of a source. */
export interface WarmUp {
  /** the input itself feeds the group: history has been read up to where it stands */
  joined: boolean;
  /** events of the input below this offset came before the rule was put to work; 0 in a keyed task, where events say it themselves */
  offset: number;
  /** watermark of the input at that place, epoch ms, and whether it was silent */
  readonly watermark: number;
  readonly idle: boolean;
  /** event time of the first event of history, epoch ms; -Infinity: none yet */
  from: number;
}

/** What a sender tells keyed tasks of a warm-up, with its watermark. */
export type History = Pick<WarmUp, 'watermark' | 'idle' | 'from'>;

/** Names the input that reads history for a group of its own, and the lane of that group. @param inputId `source/partition` */
export const warmInputId = (inputId: string, own: string): string => `${inputId}~${own}`;

/** Names what feeds a group: a source, or its history as that group reads it. */
export const feedOf = (source: string, own: string | null): string => (own === null ? source : `${source}~${own}`);

/** Source and partition of a lane, whoever it is for; null for one of signals. */
export function placeOfLane(id: string): { readonly source: string; readonly partition: number } | null {
  const match = /^(.+)\/(\d+)(~.*)?$/.exec(id);
  return match === null ? null : { source: match[1] as string, partition: Number(match[2]) };
}

/** The warm-ups of a task, by lane: those that go on, and of those that are over what is still asked for. */
export class WarmUps {
  private readonly byLane = new Map<string, WarmUp>();

  get(id: string): WarmUp | undefined {
    return this.byLane.get(id);
  }

  set(id: string, warmUp: WarmUp): WarmUp {
    this.byLane.set(id, warmUp);
    return warmUp;
  }

  entries(): Iterable<[string, WarmUp]> {
    return this.byLane;
  }

  /** Some history has not been read up to its input yet. */
  get goOn(): boolean {
    for (const { joined } of this.byLane.values()) if (!joined) return true;
    return false;
  }

  /** Forgets those of groups that are gone. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.byLane.keys()) if (!ids.has(id)) this.byLane.delete(id);
  }

  restore(known: Iterable<readonly [string, WarmUp]>): void {
    this.byLane.clear();
    for (const [id, warmUp] of [...known]) this.byLane.set(id, { ...warmUp });
  }

  /** What a sender says of a lane. */
  note(id: string, { watermark, idle, from }: History): void {
    const known = this.byLane.get(id);
    if (known === undefined) this.byLane.set(id, { joined: true, offset: 0, watermark, idle, from });
    else known.from = Math.max(known.from, from);
  }

  /** From when on all of the lanes' events have been read, epoch ms; -Infinity where there was no history. */
  startOf(laneIds: Iterable<string>): number {
    let start = -Infinity;
    for (const id of laneIds) start = Math.max(start, this.byLane.get(id)?.from ?? -Infinity);
    return start;
  }

  /** The watermark over those lanes when the rule was put to work, epoch ms: silent ones are left out where there are others, and those without an event always. */
  watermarkOf(laneIds: Iterable<string>): number {
    let [least, greatest] = [Infinity, -Infinity];
    for (const id of laneIds) {
      const { watermark, idle } = this.byLane.get(id) ?? { watermark: -Infinity, idle: true };
      if (watermark === -Infinity) continue;
      if (!idle) least = Math.min(least, watermark);
      greatest = Math.max(greatest, watermark);
    }
    return least === Infinity ? greatest : least;
  }
}
