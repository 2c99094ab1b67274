import { expect, it } from '@jest/globals';
import { layoutRecord } from '../../src/engine/checkpoint/state-record.js';
import { systemClock } from '../../src/stream/clock.js';
import { runnerLimits } from '../../src/stream/limits.js';
import { openOptionsOf } from '../../src/stream/opening/opening.js';
import { Standbys } from '../../src/stream/opening/standbys.js';
import type { TaskHost } from '../../src/stream/tasks/task-host.js';
import { SharedControl } from '../../src/stream/tasks/control-reader.js';
import { eventually } from '../contract/log-contract.js';
import { TaskWorld } from './task-world.js';

const TASK = 2;

it('reads a task anew without a word whose journal had not begun when its checkpoint did, and an owner refuses the same', async () => {
  const world = await TaskWorld.open();
  await world.source('pay', { partitionedBy: 'card' });
  await world.log.writer.append(world.topics.state, [{ partition: TASK, ...layoutRecord(['card']) }]);
  const said: string[] = [];
  const note = (task: number, message: string): void => void said.push(`${task} ${message}`);
  const { log, topics, keyedPartitions } = world;
  const control = new SharedControl();
  const standbys = new Standbys({
    clock: systemClock, limits: runnerLimits, warn: note, error: note,
    openOptions: (number, signal, progress) => openOptionsOf({ log, clock: systemClock, topics, number, keyedPartitions, flags: 0, control }, { signal, progress, warn: (message) => note(number, message) }),
  });
  let owner: TaskHost | null = null;
  try {
    standbys.use([TASK]);
    await eventually(() => expect(standbys.statuses).toEqual([{ number: TASK, state: 'reading', sequence: -1, lag: null, keys: 0, detail: 'read anew: its checkpoint was begun after its journal had been found empty' }]));
    owner = await world.start();
    await eventually(() => expect(world.refusals[0]).toMatch(/^task\.position-lost task=2 found=no journal, and 1 records of state expected=the entries that were there /));
    expect(said).toEqual([]);
  } finally {
    standbys.stop();
    owner?.abandon();
    await world.close();
  }
});
