import type { FieldValue } from '../event/stream-event.js';
import type { Aggregate } from './aggregate.js';
import { ByteReader, ByteWriter } from './bytes.js';
import type { AggregateMaker } from './make-aggregate.js';
import { Groups } from './windows/groups.js';
import type { ValueKey } from './values.js';

/** What an entry says of a key at a moment without an event. */
export type Peeked =
  | { readonly kind: 'value'; readonly value: FieldValue }
  /** with `by`: the groups last touched, the latest first, and how many there are */
  | { readonly kind: 'groups'; readonly groups: readonly { readonly group: ValueKey; readonly value: FieldValue }[]; readonly count: number };

const GROUPS_MAX = 20;

/**
 * Looks at the value that an aggregate would answer at a time, epoch ms not before its last event. The aggregate stays as it is: asking moves
 * windows on, which an event that comes yet must not notice, so a copy is asked. Costs as much as writing the state.
 */
export function peek(make: AggregateMaker, aggregate: Pick<Aggregate, 'write'>, ts: number): Peeked {
  const out = new ByteWriter();
  aggregate.write(out);
  const copy = make();
  copy.read(new ByteReader(out.take()));
  if (!(copy instanceof Groups)) return { kind: 'value', value: copy.take(ts, false, undefined) };
  const { names } = copy;
  const groups = names.slice(-GROUPS_MAX).reverse().map((group) => ({ group, value: copy.take(ts, false, undefined, group) }));
  return { kind: 'groups', groups, count: names.length };
}
