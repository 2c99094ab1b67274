/**
 * Requests that fit the OpenAPI document, and some that do not, against the embedded service: `npm run schemathesis -- [--seconds 60]
 * [--seed N]`. Last line: `schemathesis: N requests, no complaint`, or how many complaints.
 */
import { numberOption } from '../../e2e/parts/options.js';
import { runSchemathesis } from './schemathesis.js';

const { ok, report, cases, serviceLog } = await runSchemathesis({ seconds: numberOption('seconds', 60), seed: numberOption('seed', Date.now() % 1_000_000) });
console.log(report);
if (!ok) console.log(`what the service wrote:\n${serviceLog}`);
console.log(`schemathesis: ${cases} requests, ${ok ? 'no complaint' : 'see the complaints above'}`);
process.exitCode = ok ? 0 : 1;
