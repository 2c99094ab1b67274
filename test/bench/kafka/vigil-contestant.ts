import { join } from 'node:path';
import { readRulePack } from '../../../src/app/rule-pack.js';
import { Service } from '../../e2e/parts/service.js';
import { freePorts } from '../../kafka/broker.js';
import type { JsonValue } from '../../../src/event/stream-event.js';
import { putToWork } from '../put-to-work.js';
import { rulesOf } from '../workload-rules.js';
import type { Contestant } from './contestant.js';

const RULE = rulesOf('W1', 1)[0] as Readonly<Record<string, JsonValue>>;

/** What is different from one rule over a topic whose partitions have all events of a key, on one thread. */
export interface Variant {
  readonly name: string;
  readonly about: string;
  /** threads that run tasks */
  readonly workers?: number;
  /** nothing is known of what the partitions are by: each event goes on to the task of its key */
  readonly rekeyed?: true;
  /** the fraud pack beside the one rule, over the same payments */
  readonly pack?: true;
}

const ABOUT = 'exactly once, state recovered after a crash, alerts with evidence, catalogue and alert index in the same process';

export const VIGIL_VARIANTS: readonly Variant[] = [
  { name: 'vigil', about: ABOUT },
  { name: 'vigil re-keyed', about: 'the same where events must first go to the task of their key', rekeyed: true },
  { name: 'vigil with the pack', about: 'the same with the rules of the fraud pack beside the one', pack: true },
];

export const threadsVariant = (workers: number): Variant => ({ name: `vigil ${workers} threads`, about: ABOUT, workers });

/** The service as a user starts it: one process, embedded catalogue, and default settings but for the threads that run tasks. */
export const vigilOn = (variant: Variant): Contestant => ({
  name: variant.name,
  about: variant.about,
  alerts: true,
  async prepare({ brokers, topic, folder, profile }, run) {
    const environment: Record<string, string> = { KAFKA_BROKERS: brokers, VIGIL_APP: run, VIGIL_DATA_DIR: join(folder, run), VIGIL_WORKERS: String(variant.workers ?? 1), LOG_LEVEL: 'warn' };
    const first = new Service(await freePorts(1), environment);
    await first.start();
    await putToWork(first, 'events', { topic, startFrom: 'earliest', ...(variant.rekeyed === true ? {} : { partitionedBy: 'card' }) }, variant.pack === true ? [...packRules(), RULE] : [RULE]);
    // a rule sees what is read after it came: it is there before the first payment, and the process is started anew for the run
    const { code } = await first.end('SIGTERM');
    if (code !== 0) throw new Error(`the service ended with ${code}:\n${first.output.slice(-4_000)}`);
    return {
      out: `${run}.alerts`,
      async start() {
        const service = new Service(await freePorts(1), profile === null ? environment : { ...environment, NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${join(profile, run)}` });
        await service.spawn();
        return {
          pid: service.pid as number,
          progress: [],
          ready: () => service.ready(),
          async stop() {
            const { code } = await service.end('SIGTERM');
            if (code !== 0) throw new Error(`the service ended with ${code}:\n${service.output.slice(-4_000)}`);
          },
        };
      },
    };
  },
});

/** The fraud pack, with the payments of the benchmark as those that were attempted. */
function packRules(): Readonly<Record<string, JsonValue>>[] {
  const others = readRulePack().filter(({ id }) => id !== RULE['id']);
  return others.map(({ document }) => JSON.parse(JSON.stringify(document).replaceAll('"payment.attempted"', '"payment"')) as Readonly<Record<string, JsonValue>>);
}
