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
  /** the tasks of others that it follows and could carry on at once; absent: it is not there to follow any */
  readonly warm?: readonly number[];
  /** the same for members that end together; absent: it is alone in its process */
  readonly process?: string;
}

/** What a member is given: the task numbers that it owns, and those of others that it follows. All ascend. */
export interface Assignment {
  readonly tasks: readonly number[];
  readonly standby: readonly number[];
  /** those of `standby` that are to be its own as soon as it says that it could carry them on */
  readonly promised: readonly number[];
}

/**
 * Shares out all that there is. A task does not go from a member that runs it to one that follows tasks but not yet this one: that would
 * have to read it while nobody runs it. It is promised, and moves when it is warm there.
 * @param claims one per member
 */
export function shareOut(taskSlots: number, generation: number, claims: readonly Claim[]): Map<string, Assignment> {
  const tasks = assignTasks(taskSlots, generation, claims);
  const promised = keepRunning(tasks, generation, claims);
  const standbys = assignStandbys(tasks, claims);
  const ascending = (numbers: Iterable<number>): number[] => [...new Set(numbers)].sort((a, b) => a - b);
  return new Map(
    [...tasks].map(([memberId, own]) => {
      const later = ascending(promised.get(memberId) ?? []);
      return [memberId, { tasks: ascending(own), standby: ascending([...(standbys.get(memberId) ?? []), ...later]), promised: later }];
    }),
  );
}

/** Leaves tasks where they run that would go to a member that is cold for them. @returns what is promised, by member id */
function keepRunning(tasks: Map<string, number[]>, generation: number, claims: readonly Claim[]): Map<string, number[]> {
  const runs = new Map(claims.filter((claim) => claim.generation === generation - 1).flatMap((claim) => claim.tasks.map((task) => [task, claim.memberId] as const)));
  const promised = new Map<string, number[]>();
  for (const { memberId, warm } of claims) {
    const cold = (task: number): boolean => warm !== undefined && !warm.includes(task) && runs.has(task) && runs.get(task) !== memberId;
    const own = tasks.get(memberId) as number[];
    const later = own.filter(cold);
    if (later.length === 0) continue;
    promised.set(memberId, later);
    tasks.set(memberId, own.filter((task) => !cold(task)));
    for (const task of later) (tasks.get(runs.get(task) as string) as number[]).push(task);
  }
  return promised;
}

/**
 * Shares out the task numbers 0 … taskSlots − 1. Numbers are taken in blocks of as many as there are members, and everybody
 * gets one of each block: so the tasks that are in use, which lie together at the beginning, are shared evenly whichever they
 * are. Inside a block owners keep their tasks; one more or one less member moves no more tasks than it must. A task without an
 * owner goes to who has followed it, if there is one in its block that needs a task.
 * @param claims one per member; tasks of claims that are not of the generation before count after those that are
 * @returns ascending task numbers by member id; the same for the same claims in any order
 */
export function assignTasks(taskSlots: number, generation: number, claims: readonly Claim[]): Map<string, number[]> {
  const assigned = new Map(claims.map(({ memberId }) => memberId).sort().map((memberId) => [memberId, [] as number[]]));
  const owners = ownersOf(generation, claims);
  const warm = followersOf(claims);
  for (let first = 0; first < taskSlots; first += assigned.size) assignBlock(assigned, { owners, warm }, first, Math.min(taskSlots, first + assigned.size));
  return assigned;
}

/**
 * Gives every task one member that follows it, beside its owner and in another process, evenly among those that are there for it: who follows it
 * already, as long as that member does not follow more than one more than another.
 * @returns ascending task numbers by member id; nothing for tasks that only their owner could follow
 */
export function assignStandbys(assigned: ReadonlyMap<string, readonly number[]>, claims: readonly Claim[]): Map<string, number[]> {
  const standbys = new Map(claims.filter(({ warm }) => warm !== undefined).map(({ memberId }) => memberId).sort().map((memberId) => [memberId, [] as number[]]));
  const warm = followersOf(claims);
  const processes = new Map(claims.map(({ memberId, process }) => [memberId, process]));
  const endsWith = (memberId: string, owner: string): boolean => memberId === owner || (processes.get(memberId) !== undefined && processes.get(memberId) === processes.get(owner));
  const owned = [...assigned].flatMap(([owner, tasks]) => tasks.map((task) => ({ task, owner }))).sort((a, b) => a.task - b.task);
  for (const { task, owner } of owned) {
    const others = [...standbys].filter(([memberId]) => !endsWith(memberId, owner)).sort(([, a], [, b]) => a.length - b.length);
    const [least] = others;
    if (least === undefined) continue;
    const known = others.find(([memberId, tasks]) => warm.get(task)?.includes(memberId) === true && tasks.length <= least[1].length + 1);
    (known ?? least)[1].push(task);
  }
  return standbys;
}

/** Who follows a task and could carry it on, in order of their ids. */
function followersOf(claims: readonly Claim[]): Map<number, string[]> {
  const followers = new Map<number, string[]>();
  for (const { memberId, warm = [] } of claims.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))) {
    for (const task of warm) followers.set(task, [...(followers.get(task) ?? []), memberId]);
  }
  return followers;
}

function ownersOf(generation: number, claims: readonly Claim[]): Map<number, string> {
  const fresh = (claim: Claim): number => (claim.generation === generation - 1 ? 1 : 0);
  const byTrust = claims.toSorted((a, b) => fresh(a) - fresh(b) || a.generation - b.generation || (a.memberId < b.memberId ? 1 : -1));
  // the most trusted last: it has the last word
  return new Map(byTrust.flatMap(({ memberId, tasks }) => tasks.map((task) => [task, memberId] as const)));
}

interface Known {
  readonly owners: ReadonlyMap<number, string>;
  readonly warm: ReadonlyMap<number, readonly string[]>;
}

function assignBlock(assigned: Map<string, number[]>, { owners, warm }: Known, first: number, end: number): void {
  const served = new Set<string>();
  const give = (task: number, memberId: string): void => {
    served.add(memberId);
    assigned.get(memberId)!.push(task);
  };
  const orphans: number[] = [];
  for (let task = first; task < end; task++) {
    const owner = owners.get(task);
    if (owner !== undefined && assigned.has(owner) && !served.has(owner)) give(task, owner);
    else orphans.push(task);
  }
  const open: number[] = [];
  for (const task of orphans) {
    const follower = warm.get(task)?.find((memberId) => assigned.has(memberId) && !served.has(memberId));
    if (follower === undefined) open.push(task);
    else give(task, follower);
  }
  // the last block may be short: then those with the fewest come first
  const others = [...assigned.keys()].filter((memberId) => !served.has(memberId)).sort((a, b) => assigned.get(a)!.length - assigned.get(b)!.length);
  open.forEach((task, i) => give(task, others[i]!));
}

/** The "consumer" protocol's subscription, so that Kafka's tools can read it; our claim is its user data. */
export function encodeSubscription(topic: string, { generation, tasks, warm, process }: Omit<Claim, 'memberId'>): Buffer {
  const userData = new ByteWriter();
  userData.int32(generation).array(tasks, (task) => userData.int32(task));
  // members of before there were standbys read no further
  if (warm !== undefined) userData.array(warm, (task) => userData.int32(task));
  // the process matters for standbys alone, and members of before there were threads do not read it
  if (warm !== undefined && process !== undefined) userData.string(process);
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
  const owned = { memberId, generation: claim.int32(), tasks: claim.array(() => claim.int32()) };
  if (claim.at === claim.bytes.length) return owned;
  const follows = { ...owned, warm: claim.array(() => claim.int32()) };
  return claim.at === claim.bytes.length ? follows : { ...follows, process: claim.string() };
}

export function encodeAssignment(topic: string, { tasks, standby, promised }: Assignment): Buffer {
  const userData = new ByteWriter();
  if (standby.length > 0) userData.array(standby, (task) => userData.int32(task)).array(promised, (task) => userData.int32(task));
  const out = new ByteWriter();
  return out.int16(0).int32(1).string(topic).array(tasks, (task) => out.int32(task)).bytes(userData.buffer).buffer;
}

/** @returns nothing for an empty assignment. @throws MalformedError */
export function decodeAssignment(bytes: Buffer): Assignment {
  if (bytes.length === 0) return { tasks: [], standby: [], promised: [] };
  const reader = new ByteReader(bytes);
  reader.int16();
  const tasks = reader
    .array(() => {
      reader.string();
      return reader.array(() => reader.int32());
    })
    .flat();
  const userData = new ByteReader(reader.nullableBytes() ?? Buffer.alloc(0));
  const numbers = (): number[] => (userData.at === userData.bytes.length ? [] : userData.array(() => userData.int32()));
  return { tasks, standby: numbers(), promised: numbers() };
}
