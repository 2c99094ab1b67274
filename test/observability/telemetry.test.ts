import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { otelSettings } from '../../src/observability/otel-settings.js';
import { OtlpReceiver } from './otlp-receiver.js';

const QUIET = { metricIntervalMs: 60_000, metricTimeoutMs: 30_000 };

describe('OpenTelemetry by its own variables', () => {
  it.each([
    [{}, { traces: false, metrics: [] }],
    [{ OTEL_SERVICE_NAME: 'fraud' }, { traces: false, metrics: [] }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, { traces: true, metrics: ['http/protobuf'] }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, { traces: true, metrics: ['grpc'] }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_METRICS_EXPORTER: 'none' }, { traces: true, metrics: [] }],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318/v1/metrics' }, { traces: false, metrics: ['http/protobuf'] }],
    [{ OTEL_TRACES_EXPORTER: 'console' }, { traces: true, metrics: [] }],
    [{ OTEL_METRICS_EXPORTER: 'prometheus' }, { traces: false, metrics: [] }],
    [{ OTEL_METRICS_EXPORTER: 'console,otlp', OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json' }, { traces: false, metrics: ['console', 'http/json'] }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, { traces: false, metrics: [] }],
  ])('%j', (env, expected) => {
    expect(otelSettings(env)).toEqual({ ...QUIET, ...expected });
  });

  it('never waits longer for an export than until the next', () => {
    expect(otelSettings({ OTEL_METRIC_EXPORT_INTERVAL: '5000' })).toEqual({ traces: false, metrics: [], metricIntervalMs: 5_000, metricTimeoutMs: 5_000 });
  });
});

describe('a process with telemetry', () => {
  let receiver: OtlpReceiver | null = null;
  afterEach(async () => {
    await receiver?.close();
    receiver = null;
  });

  const run = async (env: Readonly<Record<string, string>>): Promise<{ stdout: string; stderr: string }> => {
    const args = ['--no-warnings', '--experimental-transform-types', '--import', resolve('test/contract/typescript-imports.mjs'), 'test/observability/telemetry-process.ts'];
    return promisify(execFile)(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 25_000 });
  };

  it('sends nothing, says nothing and loads no tracing without OTEL_*', async () => {
    expect(await run({})).toEqual({ stdout: '{"sdkLoaded":false}\n', stderr: '' });
  });

  it('sends one span for a request, one for a transaction, none for a health check, and the metrics', async () => {
    receiver = await OtlpReceiver.open();
    const { stdout, stderr } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test' });
    expect([stdout, stderr]).toEqual(['{"sdkLoaded":true}\n', '']);
    const traces = receiver.received.filter(({ path }) => path === '/v1/traces').map(({ body }) => body as TracesBody);
    const spans = traces.flatMap(({ resourceSpans }) => resourceSpans).flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans);
    const lengthMs = (name: string): number[] => spans.filter((span) => span.name === name).map((span) => Math.round((Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)) / 1e6));
    expect(spans.map(({ name }) => name).sort()).toEqual(['GET', 'task transaction']);
    expect(lengthMs('task transaction')).toEqual([25]);
    const attributes = traces.flatMap(({ resourceSpans }) => resourceSpans).flatMap(({ resource }) => resource.attributes);
    const valueOf = (name: string): unknown => attributes.find(({ key }) => key === name)?.value;
    expect([valueOf('service.name'), valueOf('service.version'), valueOf('deployment.environment')]).toEqual([{ stringValue: 'vigil' }, { stringValue: '1.2.3' }, { stringValue: 'test' }]);
    expect(receiver.received.filter(({ path }) => path === '/v1/logs')).toEqual([]);
    const metrics = JSON.stringify(receiver.received.filter(({ path }) => path === '/v1/metrics').map(({ body }) => body));
    expect(metrics).toContain('"vigil.transactions"');
  });

  it('takes its name from OTEL_SERVICE_NAME, and reports a collector that is not there', async () => {
    const { stderr } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_TIMEOUT: '500', OTEL_SERVICE_NAME: 'fraud' });
    expect(stderr).toContain('ECONNREFUSED');
  });
});

interface TracesBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: unknown }[] };
    readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string; readonly startTimeUnixNano: string; readonly endTimeUnixNano: string }[] }[];
  }[];
}
