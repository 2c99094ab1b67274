import { afterAll, describe } from '@jest/globals';
import { TestPostgres } from '../postgres/test-postgres.js';
import { catalogueContract } from './catalogue-contract.js';
import { externalWorld } from './world.js';

describe('the catalogue on PostgreSQL', () => {
  let server: TestPostgres | undefined;
  afterAll(() => server?.close());
  catalogueContract(async () => {
    server = await TestPostgres.start();
    return externalWorld(await server.newDatabase());
  });
});
