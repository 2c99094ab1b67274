import type { RuleStats } from '../../api/ports.js';
import type { ControlState } from '../../engine/control/control-state.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { TaskHost } from '../../stream/tasks/task-host.js';
import { answerOf } from './answers.js';
import type { MetricsReading, OwnMember, TaskSide } from './task-side.js';

/** Tasks that run on the thread that asks. */
export class MainThreadTasks implements TaskSide {
  constructor(private readonly host: TaskHost) {}

  get control(): ControlState {
    return this.host.control;
  }

  get neededTasks(): readonly number[] {
    return this.host.neededTasks;
  }

  start(): Promise<void> {
    return this.host.start();
  }

  drain(): Promise<void> {
    return this.host.drain();
  }

  abandon(): void {
    this.host.abandon();
  }

  async members(): Promise<readonly OwnMember[]> {
    return [{ thread: null, ...answerOf(this.host, { kind: 'standing' }) }];
  }

  async metrics(): Promise<MetricsReading> {
    return answerOf(this.host, { kind: 'metrics' });
  }

  async stats(ruleId: string): Promise<RuleStats> {
    return answerOf(this.host, { kind: 'stats', ruleId });
  }

  async explain(ruleId: string, key: string): Promise<JsonValue> {
    return answerOf(this.host, { kind: 'explain', ruleId, key });
  }
}
