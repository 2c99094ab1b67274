import { afterAll, describe } from '@jest/globals';
import { TestPostgres } from '../postgres/test-postgres.js';
import { recoveryContract } from './recovery-contract.js';
import { externalWorld } from './world.js';

describe('recovery on PostgreSQL', () => {
  let server: TestPostgres | undefined;
  afterAll(() => server?.close());
  recoveryContract(async () => {
    server = await TestPostgres.start();
    return externalWorld(await server.newDatabase());
  });
});
