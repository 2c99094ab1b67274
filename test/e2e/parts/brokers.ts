import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { freePorts, killNode, reapWhenUnused, registerUser, restartNode, runningPids, startBroker, stopBroker, type BrokerOptions } from '../../kafka/broker.js';
import { testBroker } from '../../kafka/test-broker.js';
import { sleep } from './until.js';

/** The brokers that a run is over: the shared one of the tests, or three of its own, which it may kill and stop. */
export interface Brokers {
  /** addresses as for KAFKA_BROKERS */
  readonly list: string;
  /** Ends a broker without warning, and starts it again after so long, ms. */
  kill(node: number, forMs: number): Promise<void>;
  /** Stops a broker where it stands, for so long, ms. */
  pause(node: number, forMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param nodes 1 for the shared broker, which is left as it is */
export async function startBrokers(nodes: 1 | 3): Promise<Brokers> {
  if (nodes === 1) return { list: (await testBroker()).join(','), kill: leftAlone, pause: leftAlone, stop: () => Promise.resolve() };
  const cluster: BrokerOptions = { dataDir: resolve(`.vigil/torture-${process.pid}`), nodes, port: await freePorts(2 * nodes) };
  registerUser(cluster.dataDir);
  const { brokers } = await startBroker(cluster);
  reapWhenUnused(cluster.dataDir);
  return {
    list: brokers,
    kill: async (node, forMs) => {
      await killNode(cluster.dataDir, node);
      await sleep(forMs);
      await restartNode(cluster, node);
    },
    pause: async (node, forMs) => {
      const running = runningPids(cluster.dataDir).find((one) => one.node === node);
      if (running === undefined) return;
      process.kill(running.pid, 'SIGSTOP');
      await sleep(forMs);
      process.kill(running.pid, 'SIGCONT');
    },
    stop: async () => {
      await stopBroker(cluster.dataDir);
      rmSync(cluster.dataDir, { recursive: true, force: true });
    },
  };
}

const leftAlone = (): Promise<void> => Promise.reject(new Error('the shared broker is not disturbed'));
