import type { JsonValue } from '../../src/event/stream-event.js';
import type { Answer, Service } from '../e2e/parts/service.js';
import { until } from '../e2e/parts/until.js';

/** Declares a source and puts rules over it to work; resolves when every task has taken the last of them. @throws Error with what the service refused */
export async function putToWork(service: Service, source: string, definition: Readonly<Record<string, JsonValue>>, rules: readonly Readonly<Record<string, JsonValue>>[]): Promise<void> {
  const common = { eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' } };
  await expected(201, service.call('PUT', `/sources/${source}`, { ...common, ...definition }));
  let path = '';
  for (const rule of rules) {
    path = `/rules/${String(rule['id'])}/versions/1`;
    await expected(201, service.call('POST', '/rules', rule));
    await expected(202, service.call('POST', `${path}/activate`));
  }
  await until(async () => {
    const { applied } = (await service.call('GET', path)).json as { applied?: { tasks: number; of: number } };
    return applied !== undefined && applied.of > 0 && applied.tasks === applied.of;
  }, 'every task took the rule', 60_000);
}

export async function expected(status: number, call: Promise<Answer>): Promise<void> {
  const answer = await call;
  if (answer.status !== status) throw new Error(`found ${answer.status} ${JSON.stringify(answer.json)}, expected ${status}`);
}
