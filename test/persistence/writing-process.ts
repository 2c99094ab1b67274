/** A process that changes an embedded catalogue for ever and prints each change once it is committed. Arguments: data folder, prefix of names. */
import { CatalogueWriter } from '../../src/persistence/catalogue/catalogue-writer.js';
import { ListCatalogue } from '../../src/persistence/catalogue/list-catalogue.js';
import { openDatabase } from '../../src/persistence/open-database.js';

const [dataDir = '', prefix = ''] = process.argv.slice(2);
const database = await openDatabase({ dataDir, logger: { warn: console.error } });
const lists = new ListCatalogue(database, new CatalogueWriter(database));
for (let number = 1; ; number += 1) {
  const name = `${prefix}${number}`;
  await lists.put(name, { description: 'x'.repeat(2000), entries: [{ value: name, expiresAt: null }] }, null, { actor: { keyId: 'k', name: 'child', role: 'admin' }, requestId: name });
  console.log(name);
}
