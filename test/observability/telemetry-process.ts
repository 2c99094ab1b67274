/** Serves one HTTP request and makes one transaction span under the telemetry of the environment, then ends: started by a test. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { traceTransaction } from '../../src/observability/trace-transaction.js';
import { startTelemetry } from '../../src/observability/telemetry.js';

const telemetry = await startTelemetry({ serviceName: 'vigil', version: '1.2.3' });
telemetry.reportTo((message) => console.error(message));
const server = createServer((request, response) => response.end(request.url));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
await (await fetch(`${base}/api/v1/rules`)).text();
await (await fetch(`${base}/health/live`)).text();
traceTransaction({ 'vigil.task': 7 }, 25);
telemetry.metrics.committed({ events: 3, alerts: 1, ms: 25, bytes: 900 });
server.closeAllConnections();
await new Promise((resolve) => server.close(resolve));
await telemetry.shutdown();
const loaded = process.getBuiltinModule('node:module').createRequire(import.meta.url).cache ?? {};
console.log(JSON.stringify({ sdkLoaded: Object.keys(loaded).some((path) => path.includes('/@opentelemetry/sdk-node/')) }));
