import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { AggregationTemporality, InstrumentType, MetricReader } from '@opentelemetry/sdk-metrics';

/** Reads all instruments when asked, for a page that is served elsewhere: no port, no timer. */
export class ScrapeReader extends MetricReader {
  private readonly serializer = new PrometheusSerializer('', false, undefined, false, true);

  constructor() {
    super({ aggregationTemporalitySelector: temporalityOf });
  }

  /** All metrics in the exposition format of Prometheus. @throws the first error of a callback when nothing could be read */
  async read(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { resourceMetrics, errors } = await this.collect();
    if (resourceMetrics.scopeMetrics.length === 0 && errors.length > 0) throw errors[0];
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: this.serializer.serialize(resourceMetrics) };
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {}
}

/** Counters since the start; gauges as they are now: one that is observed no more (a task that left) must go, not stay as it last was. */
export function temporalityOf(type: InstrumentType): AggregationTemporality {
  return type === InstrumentType.OBSERVABLE_GAUGE || type === InstrumentType.GAUGE ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
}
