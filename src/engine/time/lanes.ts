/**
 * Event time of a task. A *lane* is one stream with a watermark of its own: an input partition of a source task, or what one
 * upstream task sends to a keyed task. A *lane set* is what the rules of one group wait for together.
 */
export class Lane {
  /** largest event time seen, epoch ms; -Infinity before the first event */
  maxTs = -Infinity;
  /** no event at or above this is late */
  watermark = -Infinity;
  /** read to its end and silent when last heard of: left out of the minimum until the next event */
  idle = false;
  /** what had been read of it then, as the next offset of its input: the log can be asked whether it is silent still; -1: it cannot */
  readTo = -1;
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
  report(watermark: number, idle: boolean, readTo: number): void {
    this.idle = idle;
    this.readTo = readTo;
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
  /** earliest event that came before there was a watermark, epoch ms; Infinity for none */
  firstTs = Infinity;
  /** others have moved on since the silent lanes were heard of: they hold the watermark back until the log confirms that they are silent still */
  doubted = false;
  /**
   * Where rules whose state is rebuilt from history were put to work: what was released by then, the watermark, epoch ms, and the place in
   * the control topic; -Infinity: nothing was, or there are no such rules
   */
  pastReleased = -Infinity;
  pastWatermark = -Infinity;
  pastControl = 0;
  /** it is where the version before had got, which says nothing of what was not released then */
  pastKnown = false;

  constructor(
    readonly id: string,
    public lanes: readonly Lane[],
  ) {}

  /** How far waiting events and timers are released, epoch ms. */
  get released(): number {
    return this.clock > this.watermark ? this.clock : this.watermark;
  }

  /** So far time had gone where its rules were put to work, at least. Epoch ms */
  reachPast(released: number, watermark = released): void {
    this.pastReleased = Math.max(this.pastReleased, released);
    this.pastWatermark = Math.max(this.pastWatermark, watermark);
  }

  /** How far it has got, of a set that goes. */
  remains(): LaneSet {
    const remains = new LaneSet(this.id, []);
    remains.reachPast(Math.max(this.released, this.pastReleased), Math.max(this.watermark, this.pastWatermark));
    remains.pastControl = this.pastControl;
    return remains;
  }

  /**
   * Whether an event is history, of which nothing is said: it came before the rules were put to work. What the version before them had read
   * and had not come to is theirs to say.
   */
  isPast({ ts, past, control }: { readonly ts: number; readonly past: boolean; readonly control: number }): boolean {
    return (past || control < this.pastControl) && (!this.pastKnown || ts <= this.pastReleased);
  }

  /** Every lane has been idle since its last event, as far as anybody knows. */
  get silent(): boolean {
    for (const lane of this.lanes) if (this.isAlive(lane)) return false;
    return this.lanes.length > 0;
  }

  /** Every lane was idle when last heard of. */
  get quiet(): boolean {
    for (const lane of this.lanes) if (!lane.idle && !lane.ended) return false;
    return this.lanes.length > 0;
  }

  /** Something has come. What was written to a silent lane before that may not have been read yet, and must not be overtaken. */
  doubt(): void {
    for (let i = 0; i < this.lanes.length; i++) {
      const { idle, readTo } = this.lanes[i] as Lane;
      if (idle && readTo >= 0) this.doubted = true;
    }
  }

  private isAlive(lane: Lane): boolean {
    return !lane.ended && (!lane.idle || (this.doubted && lane.readTo >= 0));
  }

  /** Where the idle clock stands, or starts: the time that made the lanes idle has gone by already. Epoch ms. */
  get idleFrom(): number {
    if (this.clock !== -Infinity) return this.clock;
    let patience = Infinity;
    for (const lane of this.lanes) patience = Math.min(patience, lane.ended ? 0 : lane.idleAfterMs);
    return Math.max(greatest(this.lanes) + patience, this.pastReleased);
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
    for (const lane of lanes) if (lane.watermark < least && this.isAlive(lane)) least = lane.watermark;
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
