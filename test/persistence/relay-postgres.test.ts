import { afterAll, describe } from '@jest/globals';
import { TestPostgres } from '../postgres/test-postgres.js';
import { relayContract } from './relay-contract.js';
import { externalWorld } from './world.js';

describe('relay on PostgreSQL', () => {
  let server: TestPostgres | undefined;
  afterAll(() => server?.close());
  relayContract(async () => {
    server = await TestPostgres.start();
    return externalWorld(await server.newDatabase());
  });
});
