import type { MembershipListener } from '../../src/stream/log.js';
import type { FaultDice } from './simulated-faults.js';
import type { Runner, SimulatedScheduler } from './simulated-scheduler.js';

export type Listener = MembershipListener;

/** One joining of one process. */
export interface Member {
  readonly runner: Runner;
  readonly listener: Listener;
  /** what it has been told that it owns */
  readonly believes: Set<number>;
  /** what it is still to be told, in order */
  readonly mail: (() => void)[];
  /** what it was last asked to follow */
  follows: readonly number[];
  /** it has left or was told that it is lost: it hears nothing more */
  gone: boolean;
}

export interface GroupOptions {
  readonly taskSlots: number;
  /** ms without a sign of life after which a member's tasks go to others */
  readonly sessionTimeoutMs: number;
  /** ms after which, at most, a zombie hears of it */
  readonly zombieMsMax: number;
}

/**
 * Who owns which task, as a consumer group does it with a sticky and cooperative assignment: an owner keeps what it can, and what it
 * must give away goes to the next only after it was told. Unless a fault strikes: then two members own a task for some time.
 */
export class SimulatedGroup {
  readonly #members: Member[] = [];
  readonly #owners: (Member | null)[];
  readonly #revoking = new Set<number>();
  #planned = false;

  constructor(readonly scheduler: SimulatedScheduler, readonly dice: FaultDice, readonly options: GroupOptions) {
    this.#owners = Array.from({ length: options.taskSlots }, () => null);
  }

  join(runner: Runner, listener: Listener): Member {
    const member: Member = { runner, listener, believes: new Set(), mail: [], follows: [], gone: false };
    this.#members.push(member);
    this.#plan();
    return member;
  }

  /** The member has stopped its tasks; they go to others. */
  leave(member: Member): void {
    member.gone = true;
    this.#remove(member);
  }

  /** A process died: nobody says so, its session times out. */
  crashed(runner: Runner): void {
    const member = this.#memberOf(runner);
    if (member === undefined) return;
    this.scheduler.after(null, this.options.sessionTimeoutMs, `session timeout ${runner.id}`, () => this.leave(member));
  }

  /** A process stopped; if it still does at the end of its session, it loses its tasks and does not know. */
  paused(runner: Runner): void {
    const member = this.#memberOf(runner);
    if (member === undefined) return;
    this.scheduler.after(null, this.options.sessionTimeoutMs, `session timeout ${runner.id}`, () => {
      if (runner.paused && this.#members.includes(member)) this.#remove(member);
    });
  }

  /** A stopped process goes on. If it lost its session it finds out some time later, and joins again. */
  resumed(runner: Runner, member: Member | null): void {
    if (member === null || member.gone || this.#members.includes(member)) return;
    const zombieMs = this.dice.random.between(0, this.options.zombieMsMax);
    this.scheduler.after(runner, zombieMs, 'finds its session lost', () => {
      if (member.gone || this.#members.includes(member)) return;
      if (this.dice.strikes('memberLost')) {
        member.gone = true;
        member.listener.onLost(new Error('the session timed out'));
        return;
      }
      if (!this.dice.strikes('revocationLost')) this.#tell(member, 'revoked', [...member.believes]);
      this.#members.push(member);
      this.#plan();
    });
  }

  /** Takes every task from whoever believes to own it and hands it out anew. */
  reassign(): void {
    for (const member of this.#members) if (member.believes.size > 0) this.#tell(member, 'revoked', [...member.believes]);
    this.#owners.fill(null);
    this.#revoking.clear();
    this.#plan();
  }

  /** Who owns a task, as the group sees it. */
  ownerOf(task: number): string | null {
    return this.#owners[task]?.runner.id ?? null;
  }

  #memberOf(runner: Runner): Member | undefined {
    return this.#members.find((member) => member.runner === runner);
  }

  #remove(member: Member): void {
    const index = this.#members.indexOf(member);
    if (index >= 0) this.#members.splice(index, 1);
    this.#owners.forEach((owner, task) => {
      if (owner !== member) return;
      this.#owners[task] = null;
      this.#revoking.delete(task);
    });
    this.#plan();
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    this.scheduler.after(null, this.dice.random.between(1, 20), 'rebalance', () => {
      this.#planned = false;
      this.#rebalance();
    });
  }

  #rebalance(): void {
    const target = this.#target();
    const revoked = new Map<Member, number[]>();
    const assigned = new Map<Member, number[]>();
    target.forEach((next, task) => {
      const owner = this.#owners[task]!;
      if (owner === next || this.#revoking.has(task)) return;
      if (owner !== null && !this.#handsOverUntold(owner, task)) return push(revoked, owner, task);
      this.#owners[task] = next;
      if (next !== null) push(assigned, next, task);
    });
    for (const [member, tasks] of revoked) this.#takeBack(member, tasks);
    for (const [member, tasks] of assigned) this.#give(member, tasks);
    this.#shareStandbys();
  }

  /** A task has one standby at most, which is not its owner. Most keep theirs; a member that has just lost a task may be asked to follow it. */
  #shareStandbys(): void {
    const willing = this.#members.filter(({ listener }) => listener.onStandby !== undefined);
    const shares = new Map(willing.map((member) => [member, [] as number[]]));
    this.#owners.forEach((owner, task) => {
      const others = willing.filter((member) => member !== owner);
      if (others.length === 0) return;
      const before = others.find(({ follows }) => follows.includes(task));
      const standby = before !== undefined && this.dice.random.chance(0.9) ? before : this.dice.random.pick(others);
      shares.get(standby)?.push(task);
    });
    for (const [member, tasks] of shares) {
      if (tasks.join() === member.follows.join()) continue;
      member.follows = tasks;
      this.#tell(member, 'standby', tasks);
    }
  }

  /** Every member its share, within one of each other: first what it has, then what it follows, then what nobody has. */
  #target(): (Member | null)[] {
    const { taskSlots } = this.options;
    const target: (Member | null)[] = Array.from({ length: taskSlots }, () => null);
    if (this.#members.length === 0) return target;
    const room = new Map(this.#members.map((member, i) => [member, Math.floor((taskSlots + this.#members.length - 1 - i) / this.#members.length)]));
    const take = (task: number, member: Member): boolean => {
      const left = room.get(member) ?? 0;
      if (left === 0) return false;
      room.set(member, left - 1);
      target[task] = member;
      return true;
    };
    this.#owners.forEach((owner, task) => owner !== null && take(task, owner));
    for (let task = 0; task < taskSlots; task++) if (target[task] === null) this.#members.some((member) => member.listener.warm?.().includes(task) === true && take(task, member));
    for (let task = 0; task < taskSlots; task++) if (target[task] === null) this.#members.some((member) => take(task, member));
    return target;
  }

  /** The faults in which an owner is not asked first. */
  #handsOverUntold(owner: Member, task: number): boolean {
    if (this.dice.strikes('revocationLost')) return true;
    if (!this.dice.strikes('revocationLate')) return false;
    const lateMs = this.dice.random.between(1, this.options.zombieMsMax);
    this.scheduler.after(null, lateMs, `late revocation ${task}`, () => {
      if (this.#owners[task] !== owner) this.#tell(owner, 'revoked', [task]);
    });
    return true;
  }

  #takeBack(member: Member, tasks: readonly number[]): void {
    for (const task of tasks) this.#revoking.add(task);
    this.#tell(member, 'revoked', tasks, () => {
      for (const task of tasks) {
        if (this.#owners[task] !== member || !this.#revoking.delete(task)) continue;
        this.#owners[task] = null;
      }
      this.#plan();
    });
  }

  #give(member: Member, tasks: readonly number[]): void {
    this.#tell(member, 'assigned', tasks);
    for (const task of tasks) if (this.dice.strikes('assignedTwice')) this.#giveTwice(member, task);
  }

  #giveTwice(owner: Member, task: number): void {
    const others = this.#members.filter((member) => member !== owner && !member.believes.has(task));
    if (others.length === 0) return;
    const other = this.dice.random.pick(others);
    this.#tell(other, 'assigned', [task]);
    this.scheduler.after(null, this.dice.random.between(1, this.options.zombieMsMax), `ends double ownership ${task}`, () => {
      if (this.#owners[task] === other) return;
      this.#tell(other, 'revoked', [task]);
      // the owner may have been fenced in between and have dropped it: it gets it anew
      if (this.#owners[task] === owner && !this.#revoking.has(task)) this.#tell(owner, 'assigned', [task]);
    });
  }

  /** Puts a message in the member's mail, which it gets one by one, in order, when its process runs. */
  #tell(member: Member, what: 'assigned' | 'revoked' | 'standby', tasks: readonly number[], then?: () => void): void {
    member.mail.push(() => {
      if (!member.gone) this.#deliver(member, what, tasks);
      then?.();
    });
    this.scheduler.after(member.runner, 0, `is told ${what} ${tasks.join()}`, () => member.mail.shift()!());
  }

  #deliver(member: Member, what: 'assigned' | 'revoked' | 'standby', tasks: readonly number[]): void {
    if (what === 'standby') return member.listener.onStandby?.(tasks);
    const had = tasks.filter((task) => member.believes.has(task));
    for (const task of had) member.believes.delete(task);
    if (had.length > 0) member.listener.onRevoked(had);
    if (what === 'revoked' || tasks.length === 0) return;
    for (const task of tasks) member.believes.add(task);
    member.listener.onAssigned([...tasks]);
  }
}

function push(map: Map<Member, number[]>, member: Member, task: number): void {
  const tasks = map.get(member);
  if (tasks === undefined) map.set(member, [task]);
  else tasks.push(task);
}
