/** Which signals OpenTelemetry's own variables ask to be sent, and how. Without any of them nothing is sent. */
export interface OtelSettings {
  readonly traces: boolean;
  readonly metrics: readonly MetricExport[];
  /** ms between two exports of metrics */
  readonly metricIntervalMs: number;
  readonly metricTimeoutMs: number;
}

export type MetricExport = 'console' | 'grpc' | 'http/json' | 'http/protobuf';

/**
 * Reads `OTEL_SDK_DISABLED`, `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_EXPORTER_OTLP_(METRICS_|TRACES_)ENDPOINT` and
 * `…PROTOCOL`, `OTEL_METRIC_EXPORT_INTERVAL` and `…TIMEOUT`. Unlike the SDK's default, a signal is sent only when an exporter or an
 * endpoint is named for it. Sampling, headers, limits and the rest are read by the SDK itself.
 */
export function otelSettings(env: Readonly<Record<string, string | undefined>>): OtelSettings {
  const disabled = env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true';
  const intervalMs = positive(env['OTEL_METRIC_EXPORT_INTERVAL'], 60_000);
  return {
    traces: !disabled && exporters(env, 'TRACES').length > 0,
    metrics: disabled ? [] : exporters(env, 'METRICS').flatMap((name) => metricExport(name, env)),
    metricIntervalMs: intervalMs,
    // the SDK refuses a timeout that is longer than the interval
    metricTimeoutMs: Math.min(positive(env['OTEL_METRIC_EXPORT_TIMEOUT'], 30_000), intervalMs),
  };
}

function exporters(env: Readonly<Record<string, string | undefined>>, signal: 'TRACES' | 'METRICS'): string[] {
  const named = (env[`OTEL_${signal}_EXPORTER`] ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
  if (named.includes('none')) return [];
  if (named.length > 0) return [...new Set(named)];
  const endpoint = env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  return endpoint === '' ? [] : ['otlp'];
}

function metricExport(name: string, env: Readonly<Record<string, string | undefined>>): MetricExport[] {
  if (name === 'console') return ['console'];
  // `prometheus` asks for what `/metrics` gives anyway
  if (name !== 'otlp') return [];
  const protocol = env['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? '';
  return [protocol === 'grpc' || protocol === 'http/json' ? protocol : 'http/protobuf'];
}

function positive(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value > 0 ? value : otherwise;
}
