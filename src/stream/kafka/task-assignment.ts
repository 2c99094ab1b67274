import { ByteReader, ByteWriter, MalformedError } from './wire/bytes.js';

/** The name members agree upon; another name for another way of sharing out, so that old and new do not mix. */
export const ASSIGNER_NAME = 'vigil-tasks-1';

/** What a member says of itself when it joins. */
export interface Claim {
  readonly memberId: string;
  /** of the last assignment it took over; -1 for none */
  readonly generation: number;
  /** what it owned then */
  readonly tasks: readonly number[];
}

/**
 * Shares out the task numbers 0 … taskSlots − 1. Numbers are taken in blocks of as many as there are members, and everybody
 * gets one of each block: so the tasks that are in use, which lie together at the beginning, are shared evenly whichever they
 * are. Inside a block owners keep their tasks; one more or one less member moves no more tasks than it must.
 * @param claims one per member; tasks of claims that are not of the generation before count after those that are
 * @returns ascending task numbers by member id; the same for the same claims in any order
 */
export function assignTasks(taskSlots: number, generation: number, claims: readonly Claim[]): Map<string, number[]> {
  const assigned = new Map(claims.map(({ memberId }) => memberId).sort().map((memberId) => [memberId, [] as number[]]));
  const owners = ownersOf(generation, claims);
  for (let first = 0; first < taskSlots; first += assigned.size) assignBlock(assigned, owners, first, Math.min(taskSlots, first + assigned.size));
  return assigned;
}

function ownersOf(generation: number, claims: readonly Claim[]): Map<number, string> {
  const fresh = (claim: Claim): number => (claim.generation === generation - 1 ? 1 : 0);
  const byTrust = claims.toSorted((a, b) => fresh(a) - fresh(b) || a.generation - b.generation || (a.memberId < b.memberId ? 1 : -1));
  // the most trusted last: it has the last word
  return new Map(byTrust.flatMap(({ memberId, tasks }) => tasks.map((task) => [task, memberId] as const)));
}

function assignBlock(assigned: Map<string, number[]>, owners: ReadonlyMap<number, string>, first: number, end: number): void {
  const served = new Set<string>();
  const give = (task: number, memberId: string): void => {
    served.add(memberId);
    assigned.get(memberId)!.push(task);
  };
  const open: number[] = [];
  for (let task = first; task < end; task++) {
    const owner = owners.get(task);
    if (owner !== undefined && assigned.has(owner) && !served.has(owner)) give(task, owner);
    else open.push(task);
  }
  // the last block may be short: then those with the fewest come first
  const others = [...assigned.keys()].filter((memberId) => !served.has(memberId)).sort((a, b) => assigned.get(a)!.length - assigned.get(b)!.length);
  open.forEach((task, i) => give(task, others[i]!));
}

/** The "consumer" protocol's subscription, so that Kafka's tools can read it; our claim is its user data. */
export function encodeSubscription(topic: string, { generation, tasks }: Omit<Claim, 'memberId'>): Buffer {
  const userData = new ByteWriter();
  userData.int32(generation).array(tasks, (task) => userData.int32(task));
  return new ByteWriter().int16(0).int32(1).string(topic).bytes(userData.buffer).buffer;
}

/** @throws MalformedError */
export function decodeSubscription(memberId: string, bytes: Buffer): Claim {
  const reader = new ByteReader(bytes);
  reader.int16();
  reader.array(() => reader.string());
  const userData = reader.nullableBytes();
  if (userData === null) throw new MalformedError(`member ${memberId} says nothing of its tasks`);
  const claim = new ByteReader(userData);
  return { memberId, generation: claim.int32(), tasks: claim.array(() => claim.int32()) };
}

export function encodeAssignment(topic: string, tasks: readonly number[]): Buffer {
  const out = new ByteWriter();
  return out.int16(0).int32(1).string(topic).array(tasks, (task) => out.int32(task)).bytes(Buffer.alloc(0)).buffer;
}

/** @returns task numbers; none for an empty assignment. @throws MalformedError */
export function decodeAssignment(bytes: Buffer): number[] {
  if (bytes.length === 0) return [];
  const reader = new ByteReader(bytes);
  reader.int16();
  return reader
    .array(() => {
      reader.string();
      return reader.array(() => reader.int32());
    })
    .flat();
}
