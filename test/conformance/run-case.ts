import type { CompiledPattern, PatternOutput, PatternState } from '../../src/cep/matcher.js';
import type { StreamEvent } from '../../src/event/stream-event.js';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';
import type { FlinkAnswer, FlinkCase, FlinkItem, Taken } from './flink-case.js';

/** One result as a line of text that two answers can be compared by. */
export type ResultLine = string;

/** The matcher overwrites no event of ours here, but it must not rely on that. */
export const capture = (event: StreamEvent): StreamEvent => ({ ...event, fields: [...event.fields] });

/** Runs a case; results are lines in no particular order. */
export function runCase(item: FlinkCase, compiled: Pick<CompiledPattern, 'newState' | 'stageNames'>, restoreEachStep: boolean): ResultLine[] {
  let state = compiled.newState();
  const lines: ResultLine[] = [];
  for (const [step, next] of item.input.entries()) {
    const outputs = offer(state, next);
    lines.push(...outputs.map((output) => lineOf(step, output, compiled.stageNames)));
    if (restoreEachStep) state = restored(state, compiled);
  }
  return lines.sort();
}

const reused = { source: 's', type: '', ts: 0, id: null as string | null, partition: 0, offset: 0, fields: [0] };

function offer(state: PatternState, item: FlinkItem): readonly PatternOutput[] {
  if ('watermark' in item) return state.advanceTime(item.watermark);
  Object.assign(reused, { type: item.type, ts: item.ts, offset: item.id });
  reused.fields[0] = item.n;
  const outputs = state.step(reused);
  Object.assign(reused, { type: 'overwritten', ts: -1, offset: -1 });
  reused.fields[0] = Number.NaN;
  return outputs;
}

function restored(state: PatternState, compiled: Pick<CompiledPattern, 'newState'>): PatternState {
  const out = new ByteWriter();
  state.write(out);
  const fresh = compiled.newState();
  fresh.read(new ByteReader(out.take()));
  return fresh;
}

function lineOf(step: number, output: PatternOutput, names: readonly string[]): ResultLine {
  const stages: Record<string, number[]> = {};
  for (const { stage, event } of output.taken) (stages[names[stage] as string] ??= []).push(event.offset);
  if (output.kind === 'timeout') return timeoutLine(step, output.at, stages);
  return matchLine(step, stages, output.byTime);
}

export function matchLine(step: number, stages: Taken, byTime: boolean): ResultLine {
  return `${step} match ${stagesText(stages)}${byTime ? ' by time' : ''}`;
}

export function timeoutLine(step: number, at: number, stages: Taken): ResultLine {
  return `${step} timeout at ${at} ${stagesText(stages)}`;
}

function stagesText(stages: Taken): string {
  return Object.entries(stages).filter(([, ids]) => ids.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, ids]) => `${name}[${ids.join(',')}]`).join(' ');
}

export function flinkLines(answer: FlinkAnswer): ResultLine[] {
  return [
    ...answer.matches.map((match) => matchLine(match.step, match.stages, match.byTime === true)),
    ...answer.timeouts.map((timeout) => timeoutLine(timeout.step, timeout.at, timeout.stages)),
  ].sort();
}
