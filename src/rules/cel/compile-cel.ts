import type { EventReader, EventTest } from '../../event/match-view.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { CompileContext } from '../conditions/compile-context.js';
import type { Location } from '../problem.js';
import type { ValueType } from '../value-type.js';

/** An expression in the form that runs. */
export interface CompiledCel {
  /** the value; undefined where something it needs is missing or wrongly typed */
  readonly read: EventReader;
  /** as a condition: true only where the value is true; what is missing is counted */
  readonly test: EventTest;
  readonly type: ValueType;
  /** the value where it is the same for all events */
  readonly constant?: JsonValue;
}

export function compileCel(text: string, at: Location, context: CompileContext): CompiledCel {
  context.problems.add('cel.unsupported', at, `found the expression ${text}; expected a condition`);
  return { read: () => undefined, test: () => false, type: 'any' };
}
