import { expect, it } from '@jest/globals';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { isLayoutKey } from '../../src/engine/checkpoint/state-record.js';

const taskWithRule = (): PartitionTask => {
  const task = new PartitionTask({ number: 1, keyedPartitions: 1 });
  const change = (number: number) => ({ catalogue: 'c', number });
  task.applyControl({ kind: 'source', change: change(1), name: 'payments', definition: { topic: 'payments', format: 'json', eventTime: { field: 'ts', unit: 'ms' }, type: { value: 'payment' } }, startOffsets: [0] }, 0);
  const document = { id: 'velocity', from: 'payments', key: 'card', let: { n: { count: true, window: '10m' } }, when: { fact: 'n', operator: 'greaterThan', value: 9 }, alert: { type: 'velocity' } };
  task.applyControl({ kind: 'rule', change: change(2), ruleId: 'velocity', version: 1, status: 'active', document }, 1);
  return task;
};

const sizes = (records: readonly { readonly key: string; readonly value: Uint8Array | null }[]): number =>
  records.reduce((sum, { key, value }) => sum + (isLayoutKey(key) ? 0 : (value?.length ?? 0)), 0);

it('a task tells the size of the records that stand for its keys', () => {
  const task = taskWithRule();
  const pay = (card: string, ts: number, offset: number) => task.takeParsed('payments/0', { ts, card }, offset);
  pay('a', 1_000, 0);
  pay('b', 1_000, 1);
  expect(task.stateBytes).toBe(0);
  const first = task.flush(Infinity);
  expect(task.stateBytes).toBe(sizes(first));
  task.sequence++;
  pay('a', 2_000, 2);
  const second = task.flush(Infinity);
  const [ofB] = first.filter(({ key }) => !isLayoutKey(key)).slice(1);
  expect(task.stateBytes).toBe(sizes(second) + (ofB?.value?.length ?? 0));

  const restored = taskWithRule();
  for (const { key, value } of [...first, ...second]) if (value !== null && !second.some((newer) => newer.key === key && newer.value !== value)) restored.restoreRecord(key, value);
  restored.adoptRestored();
  expect(restored.stateBytes).toBe(task.stateBytes);

  // an hour later nothing of either key is left
  task.sequence++;
  pay('c', 3_600_000, 3);
  const third = task.flush(Infinity);
  const ofC = third.find(({ key }) => key.endsWith('c'));
  expect(task.stateBytes).toBe(ofC?.value?.length);
});
