import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Service } from '../../e2e/parts/service.js';
import { until } from '../../e2e/parts/until.js';
import { freePorts } from '../../kafka/broker.js';
import type { JsonValue } from '../../../src/event/stream-event.js';
import type { Contestant } from './contestant.js';

const RULE = JSON.parse(readFileSync(new URL('../rules/w1.json', import.meta.url), 'utf8')) as Readonly<Record<string, JsonValue>>;

/** The service as a user starts it: one process, embedded catalogue, one rule, and default settings but for the threads that run tasks. */
export const vigilOn = (workers: number): Contestant => ({
  name: workers === 1 ? 'vigil' : `vigil ${workers} threads`,
  about: 'exactly once, state recovered after a crash, alerts with evidence, catalogue and alert index in the same process',
  alerts: true,
  async prepare({ brokers, topic, folder, profile }, run) {
    const environment: Record<string, string> = { KAFKA_BROKERS: brokers, VIGIL_APP: run, VIGIL_DATA_DIR: join(folder, run), VIGIL_WORKERS: String(workers), LOG_LEVEL: 'warn' };
    const first = new Service(await freePorts(1), environment);
    await first.start();
    await declare(first, topic);
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

async function declare(service: Service, topic: string): Promise<void> {
  await expected(201, service.call('PUT', '/sources/events', { topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', startFrom: 'earliest' }));
  await expected(201, service.call('POST', '/rules', RULE));
  await expected(202, service.call('POST', `/rules/${String(RULE['id'])}/versions/1/activate`));
  await until(async () => {
    const { applied } = (await service.call('GET', `/rules/${String(RULE['id'])}/versions/1`)).json as { applied?: { tasks: number; of: number } };
    return applied !== undefined && applied.of > 0 && applied.tasks === applied.of;
  }, 'every task took the rule', 60_000);
}

async function expected(status: number, call: Promise<{ readonly status: number; readonly json: unknown }>): Promise<void> {
  const answer = await call;
  if (answer.status !== status) throw new Error(`found ${answer.status} ${JSON.stringify(answer.json)}, expected ${status}`);
}
