import { describe, expect, it } from '@jest/globals';
import { isRebuilding, mergeTime, partlyFailed } from '../../src/engine/rescale/merge-time.js';
import { lanesFor } from '../../src/engine/rescale/numbering.js';
import { mergeLayouts } from '../../src/engine/rescale/merge-layouts.js';
import { Lane, LaneSet } from '../../src/engine/time/lanes.js';
import { decodeTimeState, encodeTimeState, type TimeState } from '../../src/engine/time/time-state.js';
import type { WarmUp } from '../../src/engine/task/warm-ups.js';

const numbering = { from: 2, to: 3 };

function lane(id: string, watermark: number, standing: Partial<Lane> = {}): Lane {
  return Object.assign(new Lane(id, 0, 0), { watermark, maxTs: watermark, ...standing });
}

function set(id: string, standing: Partial<Pick<LaneSet, 'watermark' | 'clock' | 'firstTs' | 'doubted' | 'pastReleased' | 'pastWatermark' | 'pastControl' | 'pastKnown'>>): LaneSet {
  return Object.assign(new LaneSet(id, []), standing);
}

function time(lanes: readonly Lane[], sets: readonly LaneSet[], starts: Readonly<Record<string, number>> = {}, failures: readonly string[] = [], warmUps: Readonly<Record<string, WarmUp>> = {}): TimeState {
  return decodeTimeState(encodeTimeState(lanes, sets, new Map(Object.entries(starts)), new Map(failures.map((rule) => [rule, { at: 1, reason: 'r' }])), Object.entries(warmUps)));
}

const merged = (...times: readonly TimeState[]): TimeState => decodeTimeState(mergeTime(times, numbering));

describe('where time stands for tasks that take over keys of several', () => {
  it('is never further than for any of them', () => {
    const { lanes, sets, doubted, firsts, starts } = merged(
      time([lane('pay/0', 50), lane('pay/1', 40, { idle: true, readTo: 7 })], [set('pay|0', { watermark: 50 }), set('new|0', { firstTs: 9 })], { 'r@1': 10, 's@1': -Infinity }),
      time([lane('pay/0', 45), lane('pay/1', 60, { idle: true, readTo: 9 })], [set('pay|0', { watermark: 45, clock: 80, doubted: true }), set('new|0', { watermark: 30 })], { 'r@1': 20, 's@1': 5 }),
    );
    expect([...lanes]).toEqual([
      ['pay/0', { idle: false, ended: false, readTo: -1, maxTs: 45, watermark: 45 }],
      ['pay/1', { idle: true, ended: false, readTo: 7, maxTs: 40, watermark: 40 }],
    ]);
    expect([...sets]).toEqual([['new|0', { watermark: -Infinity, clock: -Infinity }], ['pay|0', { watermark: 45, clock: -Infinity }]]);
    expect([[...doubted], [...firsts], [...starts]]).toEqual([['pay|0'], [['new|0', 9]], [['r@1', 20], ['s@1', 5]]]);
  });

  it('takes a lane for silent, and a clock for running, only where it is so everywhere', () => {
    const { lanes, sets } = merged(
      time([lane('a/0', 5, { idle: true, readTo: 2 }), lane('b/0', 5, { idle: true })], [set('a|0', { watermark: 5, clock: 9 })]),
      time([lane('a/0', 6), lane('b/0', 8, { idle: true })], [set('a|0', { watermark: 6, clock: 7 })]),
    );
    expect([lanes.get('a/0')?.idle, lanes.get('b/0')?.idle, sets.get('a|0')?.clock]).toEqual([false, true, 7]);
  });

  it('names the lanes of signals by the numbers of now', () => {
    expect(lanesFor('signals:1/0', numbering)).toEqual(['signals:1/0', 'signals:1/1', 'signals:1/2']);
    expect(lanesFor('signals:1/2', numbering)).toEqual(['signals:1/3']);
    expect(lanesFor('signals/0', numbering)).toEqual(['signals/0']);
    const { lanes } = merged(time([lane('signals:1/0', 9), lane('signals:1/1', 4)], []), time([lane('signals:1/0', 8), lane('signals:1/1', 7)], []));
    expect([...lanes].map(([id, { watermark }]) => [id, watermark])).toEqual([['signals:1/0', 4], ['signals:1/1', 4], ['signals:1/2', 4]]);
  });

  it('leaves a rule alone that had failed somewhere, and says which had not failed everywhere', () => {
    const [a, b] = [time([], [], {}, ['r@1', 's@1']), time([], [], {}, ['s@1'])];
    expect([...merged(a, b).failures.keys()]).toEqual(['r@1', 's@1']);
    expect(partlyFailed([a, b])).toEqual(['r@1']);
  });

  it('knows of history what is least certain, and when it still matters which of them is asked', () => {
    const warm = { joined: true, offset: 0, watermark: 30, idle: false };
    const task = (watermark: number, from: number, past: number): TimeState => time([lane('pay/0~r@2#5', watermark)], [set('pay|0~r@2#5', { watermark, pastReleased: past, pastWatermark: past, pastControl: 5, pastKnown: true })], {}, [], { 'pay/0~r@2#5': { ...warm, from } });
    const late = [task(40, 10, 30), task(35, 20, 33)];
    expect([...merged(...late).warmUps]).toEqual([['pay/0~r@2#5', { ...warm, from: 20 }]]);
    expect([...merged(...late).pasts]).toEqual([['pay|0~r@2#5', { released: 33, watermark: 33, control: 5, known: true }]]);
    expect([isRebuilding(late), isRebuilding([task(40, 10, 30), task(32, 20, 33)])]).toEqual([false, true]);
  });
});

describe('one layout for several tasks', () => {
  it('leaves those alone that are the beginning of the longest', () => {
    expect(mergeLayouts([['a', 'b'], ['a', 'b', 'c'], ['b', 'd']])).toEqual({ paths: ['a', 'b', 'c', 'd'], slots: [null, null, [1, 3]] });
  });
});
