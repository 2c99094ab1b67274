import { afterAll, describe } from '@jest/globals';
import { TestPostgres } from '../postgres/test-postgres.js';
import { accessContract } from './access-contract.js';
import { externalWorld } from './world.js';

describe('access on PostgreSQL', () => {
  let server: TestPostgres | undefined;
  afterAll(() => server?.close());
  accessContract(async () => {
    server = await TestPostgres.start();
    return externalWorld(await server.newDatabase());
  });
});
