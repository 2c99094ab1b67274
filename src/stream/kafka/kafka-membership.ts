import { assert } from '../../event/assert.js';
import type { Membership, MembershipListener } from '../log.js';
import { BrokerConnection, messageOf, NoAnswerError } from './broker-connection.js';
import { Clock } from './clock.js';
import { isTransient, pause } from './cluster.js';
import type { Cluster } from './cluster.js';
import { HEARTBEAT_INTERVAL_MS, HEARTBEAT_TIMEOUT_MS, HEARTBEATS_PER_SESSION, LEAVE_WITHIN_MS, MEMBERSHIP_FRESH, PROMISED_WITHIN_MS, REBALANCE_TIMEOUT_MS, RETRY_PAUSE_FIRST_MS, RETRY_PAUSE_MAX_MS } from './limits.js';
import type { MemberMemory, TroubleLog } from './options.js';
import { ASSIGNER_NAME, decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription, shareOut } from './task-assignment.js';
import { heartbeatRequest, joinGroupRequest, leaveGroupRequest, syncGroupRequest } from './wire/group-requests.js';
import type { GroupMember, JoinedGroup } from './wire/group-requests.js';
import { CODE, isStaleCoordinator, KafkaError } from './wire/kafka-error.js';
import type { WireRequest } from './wire/request.js';

type Listener = MembershipListener;

/**
 * A member of the application's consumer group that only shares out task numbers and reads nothing. kafkajs's consumer is not
 * used: it does not tell the generation, without which a member that missed an assignment cannot know that what it still owns
 * was somebody else's meanwhile.
 *
 * While the group is rebalancing a member goes on with its tasks; the fence of a task's next owner ends that. A member that is
 * cut off keeps its tasks too, for the same reason, but may not fence (`assertFresh`).
 */
export class KafkaMembership implements Membership {
  #session: Session | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly group: string,
    private readonly journalTopic: string,
    private readonly taskSlots: number,
    private readonly trouble: TroubleLog,
    private readonly sessionTimeoutMs: number,
    private readonly memory?: MemberMemory | undefined,
    private readonly process?: string | undefined,
  ) {}

  /** Resolves with the first assignment. @throws KafkaError when the group cannot be joined and no repetition will mend it */
  async join(listener: Listener): Promise<void> {
    assert(this.#session === undefined, 'a log joins its group once at a time');
    const session = new Session(this.cluster, { group: this.group, topic: this.journalTopic, taskSlots: this.taskSlots, sessionTimeoutMs: this.sessionTimeoutMs, memory: this.memory, process: this.process }, listener, this.trouble);
    this.#session = session;
    try {
      await session.joined;
    } catch (error) {
      this.#session = undefined;
      throw error;
    }
  }

  async leave(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.leave();
  }

  /** Takes the member out of the group that this process was before it crashed. */
  async dismissFormer(): Promise<void> {
    const memberId = this.memory?.former() ?? null;
    if (memberId !== null) await sayGoodbye(this.cluster, { group: this.group, memberId });
  }

  /**
   * A member that has not been confirmed for half a session could be out of the group without knowing, and its tasks with
   * somebody else whom its fence would stop. Always passes when the group was not joined.
   * @throws Error: to be tried again
   */
  assertFresh(): void {
    this.#session?.assertFresh();
  }
}

interface Group {
  readonly group: string;
  readonly topic: string;
  readonly taskSlots: number;
  readonly sessionTimeoutMs: number;
  readonly memory: MemberMemory | undefined;
  readonly process: string | undefined;
}

/** From joining to leaving. */
class Session {
  readonly joined: Promise<void>;
  readonly #left = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #connection: BrokerConnection | undefined;
  #memberId = '';
  /** of the last assignment taken over; -1 before the first and after being thrown out */
  #generation = -1;
  #hasJoined = false;
  #owned = new Set<number>();
  #confirmed: Clock | undefined;
  #promised: { readonly tasks: readonly number[]; readonly since: Clock } = { tasks: [], since: new Clock() };

  constructor(
    private readonly cluster: Cluster,
    private readonly of: Group,
    private readonly listener: Listener,
    private readonly trouble: TroubleLog,
  ) {
    this.joined = this.#first.promise;
    this.#ended = this.#run();
  }

  assertFresh(): void {
    const elapsedMs = this.#confirmed?.elapsedMs() ?? Infinity;
    if (elapsedMs > this.of.sessionTimeoutMs * MEMBERSHIP_FRESH) throw new Error(`the membership of ${this.of.group} was not confirmed for ${elapsedMs} ms: another member may own the task`);
  }

  async leave(): Promise<void> {
    this.#revoke([...this.#owned]);
    this.#left.abort();
    this.#first.resolve();
    // a join may be waiting at the coordinator for others; leaving on another connection ends that
    await sayGoodbye(this.cluster, this.#member);
    this.#connection?.close();
    await this.#ended;
  }

  get #member(): GroupMember {
    return { group: this.of.group, memberId: this.#memberId };
  }

  /** What it could carry on. What is promised for so long that it will hardly get warm is taken cold at last: somebody has it beside his share. */
  get #warm(): readonly number[] | undefined {
    const warm = this.listener.warm?.();
    const { tasks, since } = this.#promised;
    return warm === undefined || since.elapsedMs() < PROMISED_WITHIN_MS ? warm : [...new Set([...warm, ...tasks])];
  }

  get #canTakePromised(): boolean {
    const { tasks } = this.#promised;
    if (tasks.length === 0) return false;
    const warm = this.#warm ?? [];
    return tasks.every((task) => warm.includes(task));
  }

  get #over(): boolean {
    return this.#left.signal.aborted;
  }

  /** Joins and beats, again and again, until it has left or cannot go on. */
  async #run(): Promise<void> {
    let pauseMs = RETRY_PAUSE_FIRST_MS;
    while (!this.#over) {
      try {
        await this.#takePart();
        pauseMs = RETRY_PAUSE_FIRST_MS;
      } catch (error) {
        if (this.#over) break;
        if (!this.#recover(error)) return this.#lost(error);
        await pause(pauseMs, this.#left.signal);
        pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MAX_MS);
      }
    }
    this.#connection?.close();
  }

  /** From one join to the next rebalance. */
  async #takePart(): Promise<void> {
    const joined = await this.#join();
    const assignments = joined.leaderId === joined.memberId ? this.#shareOut(joined) : new Map<string, Buffer>();
    const sent = new Clock();
    const { code, assignment } = await this.#send(syncGroupRequest(this.#member, joined.generation, assignments), REBALANCE_TIMEOUT_MS + HEARTBEAT_TIMEOUT_MS);
    if (code === CODE.rebalanceInProgress) return;
    this.#check(code, 'SyncGroup');
    this.#confirmed = sent;
    const { tasks, standby, promised } = decodeAssignment(assignment);
    this.#take(joined.generation, tasks);
    this.#promised = { tasks: promised, since: sent };
    if (!this.#over) this.listener.onStandby?.(standby);
    this.#hasJoined = true;
    this.#first.resolve();
    await this.#beat(joined.generation);
  }

  async #join(): Promise<JoinedGroup> {
    for (;;) {
      const warm = this.#warm;
      const { process } = this.of;
      const metadata = encodeSubscription(this.of.topic, { generation: this.#generation, tasks: [...this.#owned], ...(warm === undefined ? {} : { warm }), ...(process === undefined ? {} : { process }) });
      const timeouts = { sessionMs: this.of.sessionTimeoutMs, rebalanceMs: REBALANCE_TIMEOUT_MS };
      const joined = await this.#send(joinGroupRequest(this.#member, timeouts, { name: ASSIGNER_NAME, metadata }), REBALANCE_TIMEOUT_MS + HEARTBEAT_TIMEOUT_MS);
      if (joined.code !== CODE.memberIdRequired) this.#check(joined.code, 'JoinGroup');
      if (joined.memberId !== this.#memberId) this.of.memory?.remember(joined.memberId);
      this.#memberId = joined.memberId;
      if (joined.code === 0) return joined;
    }
  }

  #shareOut({ generation, members }: JoinedGroup): Map<string, Buffer> {
    const claims = members.map(({ memberId, metadata }) => decodeSubscription(memberId, metadata));
    return new Map([...shareOut(this.of.taskSlots, generation, claims)].map(([memberId, assignment]) => [memberId, encodeAssignment(this.of.topic, assignment)]));
  }

  /**
   * A coordinator that is away or moves is no reason to join again, which would make everybody do so: the session outlives it.
   * @returns when the group rebalances or was left, or when this member should join anew to get what it was promised
   */
  async #beat(generation: number): Promise<void> {
    for (;;) {
      await pause(Math.min(HEARTBEAT_INTERVAL_MS, this.of.sessionTimeoutMs / HEARTBEATS_PER_SESSION), this.#left.signal);
      if (this.#over) return;
      const sent = new Clock();
      try {
        const code = await this.#send(heartbeatRequest(this.#member, generation), HEARTBEAT_TIMEOUT_MS);
        if (code !== CODE.rebalanceInProgress) this.#check(code, 'Heartbeat');
        this.#confirmed = sent;
        if (code === CODE.rebalanceInProgress || this.#canTakePromised) return;
      } catch (error) {
        if (this.#over) return;
        if (!isPassing(error)) throw error;
        this.#warn(error);
        this.#reconnect();
      }
    }
  }

  /**
   * Whoever missed a generation may have lost a task and got it back, with work done on it in between: then everything begins
   * anew. Else only differences are told.
   */
  #take(generation: number, tasks: readonly number[]): void {
    if (this.#over) return;
    const assigned = new Set(tasks);
    const unbroken = generation === this.#generation + 1;
    this.#generation = generation;
    this.#revoke([...this.#owned].filter((task) => !unbroken || !assigned.has(task)));
    const added = tasks.filter((task) => !this.#owned.has(task)).sort((a, b) => a - b);
    for (const task of added) this.#owned.add(task);
    if (added.length > 0) this.listener.onAssigned(added);
  }

  #revoke(tasks: readonly number[]): void {
    for (const task of tasks) this.#owned.delete(task);
    if (tasks.length > 0) this.listener.onRevoked(tasks);
  }

  /** @returns false when trying again cannot help */
  #recover(error: unknown): boolean {
    if (!isExpelled(error) && !isPassing(error)) return false;
    this.#warn(error);
    if (isExpelled(error)) {
      // our tasks are, or will be, somebody else's
      if (error.code === CODE.unknownMemberId) this.#memberId = '';
      this.#generation = -1;
      this.#confirmed = undefined;
      this.#revoke([...this.#owned]);
    } else {
      this.#reconnect();
    }
    return true;
  }

  #reconnect(): void {
    this.cluster.coordinatorMoved('group', this.of.group);
    this.#connection?.close();
    this.#connection = undefined;
  }

  #lost(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    this.#connection?.close();
    this.#confirmed = undefined;
    this.#revoke([...this.#owned]);
    this.#left.abort();
    // before the first assignment it is the join that fails
    if (this.#hasJoined) this.listener.onLost(reason);
    else this.#first.reject(reason);
  }

  /** On a connection of its own: a join waits at the broker for the others, and nothing of ours may wait behind it. */
  async #send<T>(request: WireRequest<T>, timeoutMs: number): Promise<T> {
    if (this.#connection === undefined || this.#connection.broken) {
      const address = this.cluster.address(await this.cluster.coordinator('group', this.of.group));
      if (address === undefined) throw new NoAnswerError('the coordinator is not known', false);
      this.#connection = new BrokerConnection(address, this.cluster.connectionOptions);
    }
    if (this.#over) throw new NoAnswerError('the group was left', false);
    return this.#connection.send(request, timeoutMs);
  }

  #warn(error: unknown): void {
    this.trouble.warn('membership', `membership of ${this.of.group}: ${messageOf(error)}; trying again`);
  }

  #check(code: number, api: string): void {
    if (code !== 0) throw new KafkaError(code, api, this.of.group);
  }
}

/** Best effort: without it the coordinator will notice by itself when the session ends. */
async function sayGoodbye(cluster: Cluster, member: GroupMember): Promise<void> {
  if (member.memberId === '') return;
  const said = new AbortController();
  const saying = async (): Promise<void> => {
    const node = await cluster.coordinator('group', member.group);
    await cluster.send(node, leaveGroupRequest(member), LEAVE_WITHIN_MS);
  };
  await Promise.race([
    saying()
      .catch(() => undefined)
      .finally(() => said.abort()),
    pause(LEAVE_WITHIN_MS, said.signal),
  ]);
}

const isExpelled = (error: unknown): error is KafkaError => error instanceof KafkaError && (error.code === CODE.unknownMemberId || error.code === CODE.illegalGeneration);

const isPassing = (error: unknown): boolean =>
  error instanceof NoAnswerError || isTransient(error) || (error instanceof KafkaError && (isStaleCoordinator(error.code) || error.code === CODE.rebalanceInProgress));
