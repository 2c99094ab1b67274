import type { ApiPorts, Caller } from '../../api/ports.js';
import type { Logger } from '../../observability/logger.js';
import { sourceSchema, type SourceDefinition } from '../../rules/source-schema.js';
import { partitionOf } from '../../stream/partitioner.js';
import type { System } from '../system.js';
import { DEMO_RULES, DEMO_SOURCES } from './rules.js';
import { DemoTraffic, type DemoEvent } from './traffic.js';

const TICK_MS = 100;
const SEED = 20_260_101;

const caller: Caller = { actor: { keyId: 'demo', name: 'demo', role: 'admin' }, requestId: 'demo' };

/** Declares the demo's sources and rules, as a user would, and lets card traffic flow until it is stopped. */
export async function startDemo(system: System, logger: Logger): Promise<{ stop(): void }> {
  const { ports } = system;
  if (ports === null) return { stop: () => undefined };
  const sources = new Map<string, SourceDefinition>();
  for (const [name, declared] of Object.entries(DEMO_SOURCES)) {
    const definition = sourceSchema.parse(declared);
    sources.set(name, definition);
    await ports.sources.put(name, definition, null, caller);
  }
  for (const rule of DEMO_RULES) await activate(ports, rule as { id: string });
  const traffic = new DemoTraffic(SEED);
  let failed = false;
  const send = (events: readonly DemoEvent[]): void => {
    for (const [name, { topic, partitions }] of sources) {
      const records = events.filter(({ source }) => source === name).map(({ key, event }) => ({ partition: partitionOf(Buffer.from(key), partitions ?? 1), key, value: JSON.stringify(event) }));
      if (records.length === 0) continue;
      void system.log.writer.append(topic, records).then(
        () => (failed = false),
        (error: unknown) => {
          if (!failed) logger.warn('the demo cannot write its traffic', { reason: error instanceof Error ? error.message : String(error) });
          failed = true;
        },
      );
    }
  };
  const timer = setInterval(() => send(traffic.tick(Date.now())), TICK_MS);
  return { stop: () => clearInterval(timer) };
}

async function activate(ports: ApiPorts, rule: { readonly id: string }): Promise<void> {
  const document = JSON.parse(JSON.stringify(rule)) as { id: string };
  const { item } = await ports.rules.put(rule.id, document, null, caller);
  await ports.rules.transition(rule.id, item.latest.version, 'activate', null, caller);
}
