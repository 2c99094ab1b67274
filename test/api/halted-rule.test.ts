import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../e2e/parts/until.js';
import { embeddedService } from './embedded-service.js';
import type { EmbeddedService } from './embedded-service.js';
import { HttpClient } from './http-client.js';

jest.setTimeout(60_000);

const START = 1_700_000_000_000;
const YEAR_MS = 365 * 86_400_000;
const rule = { id: 'beat', from: 'sensors', key: 'sensor', pattern: { stages: [{ as: 'a', on: 'reading' }, { absent: { on: 'reading' }, for: '1s', repeatEvery: '1s' }] } };

describe('a rule that a task leaves alone', () => {
  let service: EmbeddedService;
  let client: HttpClient;
  beforeAll(async () => {
    service = await embeddedService();
    client = new HttpClient(service.url, service.adminKey);
    await client.put('/api/v1/sources/sensors', { topic: 'sensors', eventTime: { field: 'ts' }, type: { field: 'type' }, partitionedBy: 'sensor' });
    await client.post('/api/v1/rules', rule);
    await client.post('/api/v1/rules/beat/versions/1/activate');
  });
  afterAll(() => service.close());

  const halted = async (): Promise<unknown[]> => ((await client.get('/api/v1/cluster')).body.tasks as { halted: unknown[] }[]).flatMap((task) => task.halted);
  const gauge = async (): Promise<string[]> => String((await client.get('/metrics')).body.text).split('\n').filter((line) => line.startsWith('vigil_rule_halted{rule="beat"}'));

  it('is shown with the reason by the cluster, its stats and a gauge, until it is paused and resumed', async () => {
    await until(async () => (await gauge()).length > 0, 'the rule runs');
    expect([await halted(), await gauge()]).toEqual([[], ['vigil_rule_halted{rule="beat"} 0']]);
    // a year of repetitions falls due at once
    await client.post('/api/v1/sources/sensors/events', [{ type: 'reading', ts: START, sensor: 's1' }, { type: 'reading', ts: START + YEAR_MS, sensor: 's1' }]);
    await until(async () => (await halted()).length > 0, 'the rule has failed');
    const reason = expect.stringMatching(/^BudgetError: \d+ repetitions of an absence fell due together; at most 10000$/) as unknown;
    expect([await halted(), await gauge()]).toEqual([[{ rule: 'beat', version: 1, at: expect.any(Number), reason }], ['vigil_rule_halted{rule="beat"} 1']]);
    expect((await client.get('/api/v1/rules/beat/stats')).body.failure).toEqual({ at: expect.any(Number), reason });
    for (const action of ['pause', 'resume']) await client.post(`/api/v1/rules/beat/versions/1/${action}`);
    await until(async () => (await halted()).length === 0, 'the rule is tried again');
    expect([await halted(), await gauge()]).toEqual([[], ['vigil_rule_halted{rule="beat"} 0']]);
  });
});
