import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import type { KafkaLogOptions, MemberMemory } from '../../src/stream/kafka/options.js';
import type { Log } from '../../src/stream/log.js';
import { eventually } from '../contract/log-contract.js';
import { startFaultProxy } from '../kafka/fault-proxy.js';
import type { FaultProxy } from '../kafka/fault-proxy.js';
import { testBroker } from '../kafka/test-broker.js';

const SLOTS = 12;
const ALL = Array.from({ length: SLOTS }, (_, i) => i);

let brokers: string[];
let proxy: FaultProxy;
let options: Omit<KafkaLogOptions, 'brokers'>;
let opened: Log[];

beforeAll(async () => {
  brokers = await testBroker();
}, 180_000);
beforeEach(async () => {
  const app = `membership-${randomUUID()}`;
  options = { clientId: 'membership', app, journalTopic: `${app}.journal`, taskSlots: SLOTS };
  proxy = await startFaultProxy(brokers);
  opened = [];
});
afterEach(async () => {
  proxy.restore();
  await Promise.all(opened.map((log) => log.close()));
  await proxy.close();
});

interface Member {
  readonly log: Log;
  readonly joined: Promise<void>;
  readonly owned: Set<number>;
  /** `+` assigned, `-` revoked, `!` lost, as they came */
  readonly told: string[];
}

async function member(at: readonly string[], memory?: MemberMemory): Promise<Member> {
  const log = await openKafkaLog({ ...options, brokers: at, memory });
  opened.push(log);
  const owned = new Set<number>();
  const told: string[] = [];
  const joined = log.membership.join({
    onAssigned(tasks) {
      told.push(`+${tasks.join()}`);
      for (const task of tasks) {
        expect(owned.has(task)).toBe(false);
        owned.add(task);
      }
    },
    onRevoked(tasks) {
      told.push(`-${tasks.join()}`);
      for (const task of tasks) expect(owned.delete(task)).toBe(true);
    },
    onLost: (reason) => void told.push(`!${reason.message}`),
  });
  return { log, joined, owned, told };
}

async function joinedMember(at: readonly string[] = brokers, memory?: MemberMemory): Promise<Member> {
  const one = await member(at, memory);
  await one.joined;
  return one;
}

const shared = (...members: Member[]): number[] => members.flatMap(({ owned }) => [...owned]).sort((a, b) => a - b);

describe('a process that crashed', () => {
  it('is taken out of the group by its next start, which need not wait for the session to end', async () => {
    let remembered: string | null = null;
    const former = await joinedMember(brokers, { former: () => null, remember: (memberId) => (remembered = memberId) });
    expect(former.told).toEqual([`+${ALL.join()}`]);
    // it lives and only seems to be gone: so it hears that it was taken out, and comes back with a share
    const next = await joinedMember(brokers, { former: () => remembered, remember: () => undefined });
    await eventually(() => {
      expect(former.told.slice(0, 2)).toEqual([`+${ALL.join()}`, `-${ALL.join()}`]);
      expect([former.owned.size, next.owned.size]).toEqual([6, 6]);
    });
    expect(shared(former, next)).toEqual(ALL);
  });
});

describe('sharing tasks', () => {
  it('three members that come at once end with a third each, and what goes comes back', async () => {
    const [a, b, c] = await Promise.all([joinedMember(), joinedMember(), joinedMember()]);
    await eventually(() => {
      expect([a, b, c].map(({ owned }) => owned.size)).toEqual([4, 4, 4]);
      expect(shared(a, b, c)).toEqual(ALL);
    });
    await b.log.membership.leave();
    expect(b.owned.size).toBe(0);
    await eventually(() => {
      expect([a, c].map(({ owned }) => owned.size)).toEqual([6, 6]);
      expect(shared(a, c)).toEqual(ALL);
    });
  });

  it('a member may come back after it left', async () => {
    const a = await joinedMember();
    await a.log.membership.leave();
    expect(a.told).toEqual([`+${ALL.join()}`, `-${ALL.join()}`]);
    const again: number[][] = [];
    await a.log.membership.join({ onAssigned: (tasks) => void again.push([...tasks]), onRevoked() {}, onLost() {} });
    expect(again).toEqual([ALL]);
  });
});

describe('a member that is cut off', () => {
  it('loses its tasks to others within 10 s, may not fence meanwhile, and knows when it is back', async () => {
    const cutOff = await joinedMember(proxy.brokers);
    const other = await joinedMember();
    await eventually(() => expect([cutOff, other].map(({ owned }) => owned.size)).toEqual([6, 6]));
    const before = [...cutOff.owned];
    const producer = cutOff.log.taskProducer('task');
    await producer.fence();
    proxy.cut();
    const cutAt = performance.now();
    await eventually(() => expect([...other.owned].sort((a, b) => a - b)).toEqual(ALL));
    expect(performance.now() - cutAt).toBeLessThan(10_000);
    expect([...cutOff.owned]).toEqual(before);
    // the network is back, but nobody has told it yet that it is out
    proxy.fate = ({ api }) => (api === 'Heartbeat' || api === 'JoinGroup' ? 'lose-request' : 'pass');
    proxy.restore();
    await expect(producer.fence()).rejects.toThrow('another member may own the task');
    proxy.fate = () => 'pass';
    await eventually(() => expect(shared(cutOff, other)).toEqual(ALL));
    await eventually(() => expect(cutOff.owned.size).toBe(6));
    // all it had was somebody else's meanwhile: nothing goes on as if nothing had been
    expect(cutOff.told.slice(-2)[0]).toBe(`-${before.join()}`);
    await producer.fence();
  }, 60_000);

  it('for a moment keeps everything, and nobody has to join again', async () => {
    const a = await joinedMember(proxy.brokers);
    proxy.cut();
    proxy.restore();
    proxy.seen.length = 0;
    await eventually(() => expect(proxy.seen).toContain('Heartbeat'));
    await eventually(() => expect(proxy.seen.filter((api) => api === 'Heartbeat').length).toBeGreaterThan(1));
    expect(proxy.seen).not.toContain('JoinGroup');
    expect(a.told).toEqual([`+${ALL.join()}`]);
  });
});

describe('K9: whoever missed an assignment begins anew', () => {
  it('is told of a revocation and an assignment of what it still has', async () => {
    const a = await joinedMember(proxy.brokers);
    let lost = false;
    proxy.fate = ({ api }) => {
      if (api !== 'SyncGroup' || lost) return 'pass';
      lost = true;
      return 'lose-reply';
    };
    const b = await joinedMember();
    await eventually(() => {
      expect(lost).toBe(true);
      expect([a, b].map(({ owned }) => owned.size)).toEqual([6, 6]);
    });
    expect(a.told.slice(0, 2)).toEqual([`+${ALL.join()}`, `-${ALL.join()}`]);
    expect(shared(a, b)).toEqual(ALL);
  }, 60_000);
});

describe('K13: a group that cannot be gone on with', () => {
  const groupAuthorizationFailed = 30;

  it('tells of it once, with everything revoked before', async () => {
    const a = await joinedMember(proxy.brokers);
    proxy.fate = ({ api }) => (api === 'Heartbeat' ? { answer: Buffer.from([0, 0, 0, 0, 0, groupAuthorizationFailed]) } : 'pass');
    await eventually(() => expect(a.told).toHaveLength(3));
    expect(a.told).toEqual([`+${ALL.join()}`, `-${ALL.join()}`, `!Heartbeat of ${options.app}.tasks: error 30`]);
  });

  it('refuses the join', async () => {
    proxy.fate = ({ api }) => (api === 'JoinGroup' ? { answer: Buffer.concat([Buffer.from([0, 0, 0, 0, 0, groupAuthorizationFailed, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(2 + 2 + 2 + 4)]) } : 'pass');
    const a = await member(proxy.brokers);
    await expect(a.joined).rejects.toThrow(`JoinGroup of ${options.app}.tasks: error 30`);
    expect(a.told).toEqual([]);
  });
});
