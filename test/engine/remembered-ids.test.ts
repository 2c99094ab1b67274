import { expect, it } from '@jest/globals';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { isLayoutKey } from '../../src/engine/checkpoint/state-record.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { decodeKeyRecord } from '../../src/state/checkpoint.js';

/** The source is declared, deleted, or declared again. */
const source = (number: number, isThere: boolean): ControlRecord => ({
  kind: 'source', change: { catalogue: 'c', number }, name: 'events', startOffsets: [0],
  definition: isThere ? { topic: 'events', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, dedupe: '1h' } : null,
});

it('keeps what is remembered of a source that was deleted and has come back', () => {
  const task = new PartitionTask({ number: 1, keyedPartitions: 1 });
  const commit = (floorWritten: number): readonly string[] => {
    task.takeEffects();
    const records = [...task.flush(10), ...task.takeTombstones(floorWritten)];
    task.sequence++;
    return records.filter(({ key }) => !isLayoutKey(key)).map(({ value }) => (value === null ? 'tombstone' : `${decodeKeyRecord(value).parts.length} parts`));
  };
  const takeOne = (offset: number): void => void task.takeParsed('events/0', { ts: 1_000, type: 'x', id: 'one' }, offset);

  task.applyControl(source(1, true), 0);
  takeOne(0);
  expect(commit(0)).toEqual(['1 parts']);
  task.applyControl(source(2, false), 1);
  expect(commit(1)).toEqual(['0 parts']);
  task.applyControl(source(3, true), 2);
  takeOne(1);
  // the floor has passed the empty record, but a bucket of that name stands again
  expect(commit(2)).toEqual(['1 parts']);
  expect(commit(3)).toEqual([]);
  takeOne(2);
  expect(task.repeats).toEqual([2]);
});
