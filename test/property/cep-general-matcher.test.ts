import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compilePattern } from '../../src/cep/compile-pattern.js';
import type { CompiledPattern, PatternOutput, PatternState } from '../../src/cep/matcher.js';
import { validatePattern } from '../../src/cep/validate-pattern.js';
import type { StreamEvent } from '../../src/event/stream-event.js';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';
import type { NaiveOutput } from '../conformance/naive-matcher.js';
import { NaiveMatcher } from '../conformance/naive-matcher.js';
import type { DrawnPattern, Item } from './pattern-arbitrary.js';
import { inputArbitrary, patternArbitrary } from './pattern-arbitrary.js';

const capture = (event: StreamEvent): StreamEvent => ({ ...event, fields: [...event.fields] });
const RUNS = Number(process.env['FC_RUNS'] ?? 2_000);

function line(output: PatternOutput | NaiveOutput): string {
  const taken = output.taken.map(({ stage, event }) => `${stage}:${event.id}`).join(' ');
  return `${output.kind} at ${output.at}${output.byTime ? ' by time' : ''} [${taken}] trigger ${output.trigger?.id} count ${output.count} repeat ${output.repeat}`;
}

const offer = (to: Pick<PatternState, 'step' | 'advanceTime'> | NaiveMatcher, item: Item): readonly (PatternOutput | NaiveOutput)[] =>
  'watermark' in item ? to.advanceTime(item.watermark) : to.step(item);

/** Lines of one step in the order given out; timeouts by text, since the naive matcher has no order among those of one first event. */
function linesOf(outputs: readonly (PatternOutput | NaiveOutput)[]): string[] {
  const lines = outputs.map(line);
  return [...lines.filter((text) => !text.startsWith('timeout')), ...lines.filter((text) => text.startsWith('timeout')).sort()];
}

/** Lines of each step. */
function run(compiled: CompiledPattern, input: readonly Item[], restore: boolean): string[][] {
  let state = compiled.newState();
  return input.map((item) => {
    const lines = linesOf(offer(state, item));
    if (restore) {
      const out = new ByteWriter();
      state.write(out);
      state = compiled.newState();
      state.read(new ByteReader(out.take()));
    }
    return lines;
  });
}

function usable({ spec }: DrawnPattern): boolean {
  return validatePattern(spec).every((problem) => problem.severity === 'warning' || problem.code === 'pattern.unbounded');
}

describe('the general matcher', () => {
  it('gives what the naive matcher gives, in the same order, over random patterns and inputs', () => {
    fc.assert(
      fc.property(patternArbitrary.filter(usable), inputArbitrary, ({ spec }, input) => {
        const naive = new NaiveMatcher(spec);
        const expected = input.map((item) => linesOf(offer(naive, item)));
        const compiled = compilePattern(spec, { capture, fast: false, maxPartialMatches: Infinity });
        expect(run(compiled, input, false)).toEqual(expected);
        expect(run(compiled, input, true)).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });

  it('names the next deadline early enough: time may jump there and nowhere else', () => {
    fc.assert(
      fc.property(patternArbitrary.filter(usable), inputArbitrary, ({ spec }, input) => {
        const compiled = compilePattern(spec, { capture, fast: false });
        const state = compiled.newState();
        for (const item of input) {
          const at = 'watermark' in item ? item.watermark : item.ts;
          if (at < state.nextDeadline()) {
            const byTime = offer(state, item).filter((output) => output.byTime && output.at < at);
            expect(byTime).toEqual([]);
          } else offer(state, item);
        }
      }),
      { numRuns: RUNS / 4 },
    );
  });
});
