import { SimulatedCluster } from '../simulation/simulated-log.js';
import { CONTRACT_TASK_SLOTS, describeLogContract } from './log-contract.js';

let seed = 0;

describeLogContract(
  'simulated',
  async () => {
    const cluster = new SimulatedCluster({ seed: seed++, taskSlots: CONTRACT_TASK_SLOTS, mode: 'self' });
    const log = cluster.process('first', { faulty: false });
    return {
      log,
      second: async () => cluster.process('second', { faulty: false }),
      cleanup: () => log.close(),
    };
  },
  { members: 2, trims: true },
);
