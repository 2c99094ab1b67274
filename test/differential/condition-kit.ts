import { parsePath, readPath } from '../../src/event/field-path.js';
import { SlotLayout } from '../../src/event/slot-layout.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../src/event/stream-event.js';
import { newFactCounters } from '../../src/rules/fact-counters.js';
import { FactScope, type FactScopeOptions } from '../../src/rules/fact-scope.js';

/** A scope with a layout of its own and counters at hand. */
export function newScope(options: Partial<FactScopeOptions> = {}): FactScope {
  return new FactScope({ layout: new SlotLayout(), counters: newFactCounters(), ...options });
}

/** An event whose record has what the layout asks of the payload. */
export function eventOf(layout: SlotLayout, payload: JsonValue, meta: Partial<StreamEvent> = {}): StreamEvent {
  const fields = layout.paths().map((path): FieldValue => {
    const steps = parsePath(path);
    return steps ? readPath(payload, steps) : undefined;
  });
  return { source: 's', type: 't', ts: 0, id: null, partition: 0, offset: 0, ...meta, fields };
}
