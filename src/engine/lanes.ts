/**
 * Event time of a task. A *lane* is one stream with a watermark of its own: an input partition of a source task, or what one
 * upstream task sends to a keyed task. A *lane set* is what the rules of one group wait for together.
 */
export class Lane {
  /** largest event time seen, epoch ms; -Infinity before the first event */
  maxTs = -Infinity;
  /** no event at or above this is late */
  watermark = -Infinity;
  /** read to its end and silent: left out of the minimum until the next event */
  idle = false;
  /** nothing more will come (bounded input) */
  ended = false;

  constructor(
    readonly id: string,
    readonly disorderMs: number,
    /** how long it is silent before it counts as idle, ms */
    readonly idleAfterMs: number,
  ) {}

  /** Counts one event in, whatever becomes of it. @param ts epoch ms */
  observe(ts: number): void {
    this.idle = false;
    if (ts <= this.maxTs) return;
    this.maxTs = ts;
    this.watermark = ts - this.disorderMs;
  }

  /** What an upstream task says of itself; never moves back. */
  report(watermark: number, idle: boolean): void {
    this.idle = idle;
    if (watermark > this.watermark) this.watermark = this.maxTs = watermark;
  }

  end(): void {
    this.ended = true;
    this.watermark = this.maxTs;
  }
}

/** The watermark over some lanes, and the idle clock that goes on when all of them are silent. */
export class LaneSet {
  /** smallest watermark of the lanes that are not idle, the greatest where all are; never moves back */
  watermark = -Infinity;
  /** the idle clock, epoch ms of event time; -Infinity while a lane is alive */
  clock = -Infinity;

  constructor(
    readonly id: string,
    public lanes: readonly Lane[],
  ) {}

  /** How far waiting events and timers are released, epoch ms. */
  get released(): number {
    return this.clock > this.watermark ? this.clock : this.watermark;
  }

  /** Every lane has been idle since its last event, and there was one. */
  get silent(): boolean {
    for (const lane of this.lanes) if (!lane.idle && !lane.ended) return false;
    return this.lanes.length > 0;
  }

  /** Where the idle clock stands, or starts: the time that made the lanes idle has gone by already. Epoch ms. */
  get idleFrom(): number {
    if (this.clock !== -Infinity) return this.clock;
    let patience = Infinity;
    for (const lane of this.lanes) patience = Math.min(patience, lane.ended ? 0 : lane.idleAfterMs);
    return greatest(this.lanes) + patience;
  }

  /** Works the watermark out again after a lane moved. */
  refresh(): void {
    const lanes = this.lanes;
    if (lanes.length === 1) {
      const only = lanes[0] as Lane;
      if (!only.idle) this.clock = -Infinity;
      if (only.watermark > this.watermark) this.watermark = only.watermark;
      return;
    }
    let least = Infinity;
    for (const lane of lanes) if (!lane.idle && !lane.ended && lane.watermark < least) least = lane.watermark;
    if (least !== Infinity) this.clock = -Infinity;
    // all are silent: what has come is complete as far as anybody knows
    else least = greatest(lanes);
    if (least > this.watermark) this.watermark = least;
  }

  /** The idle clock goes on by `deltaMs` of wall time if all lanes are silent. */
  tick(deltaMs: number): void {
    if (!this.silent) return;
    const from = this.idleFrom;
    if (from !== -Infinity) this.clock = from + deltaMs;
  }
}

function greatest(lanes: readonly Lane[]): number {
  let most = -Infinity;
  for (const lane of lanes) if (lane.watermark > most) most = lane.watermark;
  return most;
}
