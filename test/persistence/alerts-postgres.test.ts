import { afterAll, describe } from '@jest/globals';
import { TestPostgres } from '../postgres/test-postgres.js';
import { alertsContract } from './alerts-contract.js';
import { externalWorld } from './world.js';

describe('alerts on PostgreSQL', () => {
  let server: TestPostgres | undefined;
  afterAll(() => server?.close());
  alertsContract(async () => {
    server = await TestPostgres.start();
    return externalWorld(await server.newDatabase());
  });
});
