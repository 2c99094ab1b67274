/** A JSON value; `undefined` in a slot means that the event has no such field. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type FieldValue = JsonValue | undefined;

/**
 * One event as the engine sees it: a flat record. `fields[slot]` holds the value of the path that the task's
 * `SlotLayout` gave that slot; conditions, windows and patterns are compiled against slots, never against property names.
 */
export interface StreamEvent {
  /** name of the source it came from */
  readonly source: string;
  readonly type: string;
  /** event time, whole epoch ms */
  readonly ts: number;
  /** the event's own id, or null where the source declares none */
  readonly id: string | null;
  /** where it stands in the source's topic: evidence and identity of last resort */
  readonly partition: number;
  readonly offset: number;
  readonly fields: readonly FieldValue[];
}
