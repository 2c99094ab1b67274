import { ByteReader, ByteWriter, readTime, writeTime } from '../../state/bytes.js';
import type { Lane, LaneSet } from './lanes.js';
import { readFailures, writeFailures, type RuleFailure } from '../groups/rule-failure.js';
import type { WarmUp } from '../task/warm-ups.js';

type LaneState = Readonly<Pick<Lane, 'maxTs' | 'watermark' | 'idle' | 'ended' | 'readTo'>>;

/** Bits that say what a lane is, and whether its `readTo` follows. */
const Flag = { Idle: 1, Ended: 2, ReadTo: 4 } as const;
/** Bits that say where a warm-up stands. */
const WarmFlag = { Joined: 1, Idle: 2 } as const;

/** See `LaneSet`. */
interface Past {
  readonly released: number;
  readonly watermark: number;
  readonly control: number;
  readonly known: boolean;
}

/** Where the watermarks and idle clocks of a task stand, between two journal entries. */
export interface TimeState {
  readonly lanes: ReadonlyMap<string, LaneState>;
  readonly sets: ReadonlyMap<string, { readonly watermark: number; readonly clock: number }>;
  /** sets whose silent lanes are in doubt */
  readonly doubted: ReadonlySet<string>;
  /** sets without a watermark → earliest event that came, epoch ms */
  readonly firsts: ReadonlyMap<string, number>;
  /** rule and epoch → watermark at which it began, epoch ms */
  readonly starts: ReadonlyMap<string, number>;
  /** rule and version → why it is left alone */
  readonly failures: ReadonlyMap<string, RuleFailure>;
  /** lane → where its warm-up stands */
  readonly warmUps: ReadonlyMap<string, WarmUp>;
  /** sets of groups whose state was rebuilt → where their rule was put to work */
  readonly pasts: ReadonlyMap<string, Past>;
}

export function encodeTimeState(lanes: Iterable<Lane>, sets: Iterable<LaneSet>, starts: ReadonlyMap<string, number>, failures: ReadonlyMap<string, RuleFailure>, warmUps: Iterable<readonly [string, WarmUp]> = []): Uint8Array {
  const out = new ByteWriter();
  const laneList = [...lanes];
  out.uint(laneList.length);
  for (const lane of laneList) {
    out.text(lane.id);
    const canBeAsked = lane.idle && lane.readTo >= 0;
    out.byte((lane.idle ? Flag.Idle : 0) | (lane.ended ? Flag.Ended : 0) | (canBeAsked ? Flag.ReadTo : 0));
    if (canBeAsked) out.uint(lane.readTo);
    writeTime(out, lane.maxTs);
    writeTime(out, lane.watermark);
  }
  const setList = [...sets];
  out.uint(setList.length);
  for (const set of setList) {
    out.text(set.id);
    writeTime(out, set.watermark);
    writeTime(out, set.clock);
  }
  out.uint(starts.size);
  for (const [rule, at] of starts) {
    out.text(rule);
    writeTime(out, at);
  }
  writeFailures(out, failures);
  const doubted = setList.filter((set) => set.doubted);
  out.uint(doubted.length);
  for (const { id } of doubted) out.text(id);
  const begun = setList.filter(({ watermark, firstTs }) => watermark === -Infinity && firstTs !== Infinity);
  out.uint(begun.length);
  for (const { id, firstTs } of begun) {
    out.text(id);
    writeTime(out, firstTs);
  }
  writeWarmUps(out, [...warmUps], setList.filter(({ pastControl }) => pastControl > 0));
  return out.take();
}

/** Nothing where there are none, as in entries of before there were warm-ups. */
function writeWarmUps(out: ByteWriter, warmUps: readonly (readonly [string, WarmUp])[], sets: readonly LaneSet[]): void {
  if (warmUps.length + sets.length === 0) return;
  out.uint(warmUps.length);
  for (const [id, { joined, idle, offset, watermark, from }] of warmUps) {
    out.text(id);
    out.byte((joined ? WarmFlag.Joined : 0) | (idle ? WarmFlag.Idle : 0));
    out.uint(offset);
    writeTime(out, watermark);
    writeTime(out, from);
  }
  out.uint(sets.length);
  for (const { id, pastReleased, pastWatermark, pastControl, pastKnown } of sets) {
    out.text(id);
    writeTime(out, pastReleased);
    writeTime(out, pastWatermark);
    out.uint(pastControl);
    out.byte(pastKnown ? 1 : 0);
  }
}

function readWarmUps(from: ByteReader): Pick<TimeState, 'warmUps' | 'pasts'> {
  const warmUps = new Map<string, WarmUp>();
  for (let n = from.uint(); n > 0; n--) {
    const id = from.text();
    const flags = from.byte();
    warmUps.set(id, { joined: (flags & WarmFlag.Joined) !== 0, idle: (flags & WarmFlag.Idle) !== 0, offset: from.uint(), watermark: readTime(from), from: readTime(from) });
  }
  const pasts = new Map<string, Past>();
  for (let n = from.uint(); n > 0; n--) pasts.set(from.text(), { released: readTime(from), watermark: readTime(from), control: from.uint(), known: from.byte() === 1 });
  return { warmUps, pasts };
}

/** @throws EngineError `state.unknown-format` */
export function decodeTimeState(bytes: Uint8Array): TimeState {
  const from = new ByteReader(bytes);
  const lanes = new Map<string, LaneState>();
  for (let n = from.uint(); n > 0; n--) {
    const id = from.text();
    const flags = from.byte();
    const readTo = (flags & Flag.ReadTo) === 0 ? -1 : from.uint();
    lanes.set(id, { idle: (flags & Flag.Idle) !== 0, ended: (flags & Flag.Ended) !== 0, readTo, maxTs: readTime(from), watermark: readTime(from) });
  }
  const sets = new Map<string, { watermark: number; clock: number }>();
  for (let n = from.uint(); n > 0; n--) sets.set(from.text(), { watermark: readTime(from), clock: readTime(from) });
  const starts = new Map<string, number>();
  for (let n = from.uint(); n > 0; n--) starts.set(from.text(), readTime(from));
  const failures = readFailures(from);
  const doubted = new Set<string>();
  // entries of before there was doubt end here
  if (!from.done) for (let n = from.uint(); n > 0; n--) doubted.add(from.text());
  const firsts = new Map<string, number>();
  if (!from.done) for (let n = from.uint(); n > 0; n--) firsts.set(from.text(), readTime(from));
  return { lanes, sets, doubted, firsts, starts, failures, ...(from.done ? { warmUps: new Map<string, WarmUp>(), pasts: new Map<string, Past>() } : readWarmUps(from)) };
}
