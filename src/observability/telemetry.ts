import { diag, DiagLogLevel } from '@opentelemetry/api';
import { detectResources, envDetector, resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { InstrumentType, MeterProvider, type AggregationTemporality, type IMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { observabilityLimits } from './limits.js';
import { Metrics } from './metrics.js';
import { otelSettings, type MetricExport, type OtelSettings } from './otel-settings.js';
import { ScrapeReader, temporalityOf } from './scrape-reader.js';

export interface TelemetryOptions {
  readonly serviceName: string;
  readonly version: string;
  /** default: the process' environment. The SDK itself always reads that one */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Telemetry {
  readonly metrics: Metrics;
  /** all metrics in the exposition format of Prometheus, for `/metrics` */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Says where OpenTelemetry's own troubles go: an exporter that does not reach its collector. */
  reportTo(warn: (message: string) => void): void;
  /** Sends what is waiting to be sent, within a few seconds, and ends. */
  shutdown(): Promise<void>;
}

/**
 * Starts metrics, and traces if `OTEL_*` asks for them. May be called before or after `node:http` was imported, but must be before the
 * first request: one span is made for each HTTP request, see `traceTransaction` for those of tasks. Without `OTEL_*` nothing is sent
 * anywhere and the tracing half of the SDK is not even loaded.
 */
export async function startTelemetry({ serviceName, version, env = process.env }: TelemetryOptions): Promise<Telemetry> {
  const settings = otelSettings(env);
  const named = resourceFromAttributes({ 'service.name': serviceName, 'service.version': version });
  const resource = named.merge(detectResources({ detectors: [envDetector] }));
  const scrape = new ScrapeReader();
  const provider = new MeterProvider({ resource, readers: [scrape, ...(await pushReaders(settings))] });
  const metrics = new Metrics(provider.getMeter('vigil', version));
  const endTraces = settings.traces ? await startTraces(resource) : async (): Promise<void> => {};
  return {
    metrics,
    read: () => scrape.read(),
    reportTo: (warn) => {
      const say = (message: string, ...rest: unknown[]): void => warn([message, ...rest.map(String)].join(' '));
      diag.setLogger({ error: say, warn: say, info: () => {}, debug: () => {}, verbose: () => {} }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    },
    shutdown: async () => {
      await within(observabilityLimits.shutdownMs, Promise.allSettled([provider.shutdown(), endTraces()]));
      metrics.stop();
    },
  };
}

async function pushReaders({ metrics, metricIntervalMs, metricTimeoutMs }: OtelSettings): Promise<IMetricReader[]> {
  if (metrics.length === 0) return [];
  const { PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  const exporters = await Promise.all(metrics.map(metricExporter));
  for (const exporter of exporters) exporter.selectAggregationTemporality = withFreshGauges(exporter);
  return exporters.map((exporter) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: metricIntervalMs, exportTimeoutMillis: metricTimeoutMs }));
}

/** The exporter's own choice (`OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`) but for gauges. */
function withFreshGauges(exporter: PushMetricExporter): (type: InstrumentType) => AggregationTemporality {
  const own = exporter.selectAggregationTemporality?.bind(exporter) ?? temporalityOf;
  return (type) => (type === InstrumentType.OBSERVABLE_GAUGE ? temporalityOf(type) : own(type));
}

async function metricExporter(kind: MetricExport): Promise<PushMetricExporter> {
  switch (kind) {
    case 'console':
      return new (await import('@opentelemetry/sdk-metrics')).ConsoleMetricExporter();
    case 'grpc':
      return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter();
    case 'http/json':
      return new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter();
    case 'http/protobuf':
      return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter();
  }
}

/** @returns how to end them */
async function startTraces(resource: Resource): Promise<() => Promise<void>> {
  const [{ NodeSDK }, { HttpInstrumentation }, { createRequire }] = await Promise.all([import('@opentelemetry/sdk-node'), import('@opentelemetry/instrumentation-http'), import('node:module')]);
  const http = new HttpInstrumentation({
    disableOutgoingRequestInstrumentation: true,
    ignoreIncomingRequestHook: ({ url = '' }) => url.startsWith('/health/') || url === '/metrics',
  });
  // metrics and logs have their own ways out
  const sdk = new NodeSDK({ resource, instrumentations: [http], metricReaders: [], logRecordProcessors: [] });
  sdk.start();
  // the instrumentation changes the prototype of `http.Server` when somebody requires it: under ESM nobody might
  createRequire(import.meta.url)('node:http');
  return () => sdk.shutdown();
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
