import { join } from 'node:path';
import { freePorts, killNode, reapWhenUnused, registerUser, restartNode, runningPids, startBroker, stopBroker, untilWhole, type BrokerOptions } from '../../kafka/broker.js';
import { NetworkLink, type Held } from '../../kafka/network-link.js';
import { testBroker } from '../../kafka/test-broker.js';
import { sleep } from './until.js';

/** The brokers that a run is over: the shared one of the tests, or three of its own, which it may kill, stop and cut off from members. */
export interface Brokers {
  /** addresses as for KAFKA_BROKERS, of whoever is not to be disturbed */
  readonly list: string;
  /** addresses for a member; three brokers are reached over a network that can be cut */
  listFor(member: number): string;
  /** Ends a broker without warning, starts it again after so long, ms, and waits until the cluster is whole. */
  kill(node: number, forMs: number): Promise<void>;
  /** Stops a broker where it stands, for so long, ms, and waits until the cluster is whole. */
  pause(node: number, forMs: number): Promise<void>;
  /** Ends all connections between a member and the brokers. */
  cut(member: number): void;
  /** Lets nothing pass between a member and a broker, or all of them, for so long, ms; then what waited passes. */
  hold(member: number, nodes: readonly number[], which: Held, forMs: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * @param nodes 1 for the shared broker, which is left as it is
 * @param members how many; each has a network of its own
 * @param folder that nobody else uses: data, configuration and logs of the three brokers
 */
export async function startBrokers(nodes: 1 | 3, members = 0, folder = ''): Promise<Brokers> {
  if (nodes === 3) return OwnBrokers.start(members, join(folder, 'brokers'));
  const list = (await testBroker()).join(',');
  return { list, listFor: () => list, kill: leftAlone, pause: leftAlone, cut: () => undefined, hold: leftAlone, stop: () => Promise.resolve() };
}

const leftAlone = (): Promise<void> => Promise.reject(new Error('the shared broker is not disturbed'));

const NODES = [1, 2, 3];

/** Each broker has a listener for each member, and gives out the address of the link that leads there. */
class OwnBrokers implements Brokers {
  private constructor(
    private readonly cluster: BrokerOptions,
    readonly list: string,
    /** by member, then by node */
    private readonly links: readonly (readonly NetworkLink[])[],
    private readonly lists: readonly string[],
  ) {}

  static async start(members: number, dataDir: string): Promise<OwnBrokers> {
    const port = await freePorts(2 * NODES.length + 2 * NODES.length * members);
    const listenerOf = (member: number, node: number): number => port + 2 * NODES.length + 2 * (member * NODES.length + node - 1);
    const linkOf = (member: number, node: number): number => listenerOf(member, node) + 1;
    const numbers = Array.from({ length: members }, (_, member) => member);
    const own = (node: number): string => `PLAINTEXT://127.0.0.1:${port + 2 * (node - 1)}`;
    const cluster: BrokerOptions = {
      dataDir,
      nodes: 3,
      port,
      properties: (node) => [
        `listeners=${[own(node), `CONTROLLER://127.0.0.1:${port + 2 * node - 1}`, ...numbers.map((member) => `MEMBER${member}://127.0.0.1:${listenerOf(member, node)}`)].join(',')}`,
        `advertised.listeners=${[own(node), ...numbers.map((member) => `MEMBER${member}://127.0.0.1:${linkOf(member, node)}`)].join(',')}`,
        `listener.security.protocol.map=${['PLAINTEXT', 'CONTROLLER', ...numbers.map((member) => `MEMBER${member}`)].map((name) => `${name}:PLAINTEXT`).join(',')}`,
        'inter.broker.listener.name=PLAINTEXT',
      ],
    };
    const links = await Promise.all(numbers.map((member) => Promise.all(NODES.map((node) => NetworkLink.open(linkOf(member, node), listenerOf(member, node))))));
    registerUser(dataDir);
    reapWhenUnused(dataDir);
    const { brokers } = await startBroker(cluster);
    return new OwnBrokers(cluster, brokers, links, numbers.map((member) => NODES.map((node) => `127.0.0.1:${linkOf(member, node)}`).join(',')));
  }

  listFor(member: number): string {
    return this.lists[member] as string;
  }

  async kill(node: number, forMs: number): Promise<void> {
    await killNode(this.cluster.dataDir, node);
    await sleep(forMs);
    await restartNode(this.cluster, node);
  }

  async pause(node: number, forMs: number): Promise<void> {
    const running = runningPids(this.cluster.dataDir).find((one) => one.node === node);
    if (running === undefined) throw new Error(`broker ${node} does not run`);
    process.kill(running.pid, 'SIGSTOP');
    await sleep(forMs);
    process.kill(running.pid, 'SIGCONT');
    await untilWhole(this.cluster);
  }

  cut(member: number): void {
    for (const link of this.linksOf(member, NODES)) link.cut();
  }

  async hold(member: number, nodes: readonly number[], which: Held, forMs: number): Promise<void> {
    const links = this.linksOf(member, nodes);
    for (const link of links) link.hold(which);
    await sleep(forMs);
    for (const link of links) link.release();
  }

  async stop(): Promise<void> {
    await stopBroker(this.cluster.dataDir);
    await Promise.all(this.links.flat().map((link) => link.close()));
  }

  private linksOf(member: number, nodes: readonly number[]): NetworkLink[] {
    return nodes.map((node) => this.links[member]?.[node - 1] as NetworkLink);
  }
}
