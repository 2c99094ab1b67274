import { describe, expect, it } from '@jest/globals';
import { engineLimits } from '../../src/engine/limits.js';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { FrameReader } from '../../src/engine/rekey/rekey-frame.js';

const rule = { id: 'r', from: 'payments', key: 'device', when: { fact: 'note', operator: 'exists', value: true }, alert: { type: 'r', include: ['note'] } };
const source = { topic: 'payments', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' } };
const change = (number: number) => ({ catalogue: 'c', number });

describe('re-keyed frames', () => {
  it('are cut below the size of a record, and only the last one carries watermarks', () => {
    const task = new PartitionTask({ number: 1, keyedPartitions: 1 });
    task.applyControl({ kind: 'source', change: change(1), name: 'payments', definition: source, startOffsets: [0, 0] }, 0);
    task.applyControl({ kind: 'rule', change: change(2), ruleId: 'r', version: 1, status: 'active', document: rule }, 1);
    const note = 'x'.repeat(10_000);
    for (let i = 0; i < 100; i++) task.takeParsed('payments/0', { id: `e${i}`, type: 'p', ts: 1_000 + i, device: 'd', note }, i);
    const frames = task.takeFrames(new Map()).map(({ value }) => ({ bytes: value.length, lanes: new FrameReader(value).lanes.length }));
    expect(frames.length).toBeGreaterThan(3);
    for (const { bytes } of frames) expect(bytes).toBeLessThan(engineLimits.frameBytes + 20_000);
    expect(frames.map(({ lanes }) => lanes)).toEqual([...frames.slice(1).map(() => 0), 1]);
  });
});

describe('facts of an alert', () => {
  it('are cut so that the alert fits into a record', () => {
    const driver = new RuleTestDriver({ rules: [rule] });
    driver.push({ id: 'e', type: 'p', ts: 1, device: 'd', note: 'x'.repeat(900_000) });
    expect(String(driver.alerts[0]?.facts['note'])).toHaveLength(engineLimits.factCharsMax + 1);
  });
});
