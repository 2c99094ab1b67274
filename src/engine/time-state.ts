import { ByteReader, ByteWriter, readTime, writeTime } from '../state/bytes.js';
import type { Lane, LaneSet } from './lanes.js';
import { readFailures, writeFailures, type RuleFailure } from './rule-failure.js';

/** Where the watermarks and idle clocks of a task stand, between two journal entries. */
export interface TimeState {
  readonly lanes: ReadonlyMap<string, { readonly maxTs: number; readonly watermark: number; readonly idle: boolean; readonly ended: boolean }>;
  readonly sets: ReadonlyMap<string, { readonly watermark: number; readonly clock: number }>;
  /** rule and epoch → watermark at which it began, epoch ms */
  readonly starts: ReadonlyMap<string, number>;
  /** rule and version → why it is left alone */
  readonly failures: ReadonlyMap<string, RuleFailure>;
}

export function encodeTimeState(lanes: Iterable<Lane>, sets: Iterable<LaneSet>, starts: ReadonlyMap<string, number>, failures: ReadonlyMap<string, RuleFailure>): Uint8Array {
  const out = new ByteWriter();
  const laneList = [...lanes];
  out.uint(laneList.length);
  for (const lane of laneList) {
    out.text(lane.id);
    out.byte((lane.idle ? 1 : 0) + (lane.ended ? 2 : 0));
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
  return out.take();
}

/** @throws EngineError `state.unknown-format` */
export function decodeTimeState(bytes: Uint8Array): TimeState {
  const from = new ByteReader(bytes);
  const lanes = new Map<string, { maxTs: number; watermark: number; idle: boolean; ended: boolean }>();
  for (let n = from.uint(); n > 0; n--) {
    const id = from.text();
    const flags = from.byte();
    lanes.set(id, { idle: (flags & 1) === 1, ended: (flags & 2) === 2, maxTs: readTime(from), watermark: readTime(from) });
  }
  const sets = new Map<string, { watermark: number; clock: number }>();
  for (let n = from.uint(); n > 0; n--) sets.set(from.text(), { watermark: readTime(from), clock: readTime(from) });
  const starts = new Map<string, number>();
  for (let n = from.uint(); n > 0; n--) starts.set(from.text(), readTime(from));
  return { lanes, sets, starts, failures: readFailures(from) };
}
