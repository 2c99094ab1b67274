import { INSTRUMENTS, type Instrument } from './instruments.js';
import { observabilityLimits } from './limits.js';

/** `docs/metrics.md`: every instrument with its Prometheus name. */
export function metricsReference(): string {
  const instruments: readonly Instrument[] = Object.values(INSTRUMENTS);
  const { ruleLabelsMax, sourceLabelsMax, taskLabelsMax } = observabilityLimits;
  return [
    '# Metrics',
    '',
    'Made from `src/observability/instruments.ts`; a test compares. `GET /metrics` shows them in the format of Prometheus; with `OTEL_*` set they also go out over OTLP.',
    '',
    `Series are bounded: ${ruleLabelsMax} rules, ${sourceLabelsMax} sources and ${taskLabelsMax} tasks of one process have their own, what comes later shares the value \`other\`.`,
    'What is counted "since the task was opened here" starts at 0 when a task moves or restarts: use `rate()` or `increase()`, which know that.',
    '',
    '| Prometheus name | kind | unit | attributes | meaning |',
    '|---|---|---|---|---|',
    ...instruments.map(row),
    '',
    '## Worth an alert',
    '',
    '| expression | why |',
    '|---|---|',
    ...ALERTS.map(([expression, why]) => `| \`${expression}\` | ${why} |`),
    '',
  ].join('\n');
}

/** What somebody should look at, in the language of Prometheus. */
const ALERTS: readonly (readonly [expression: string, why: string])[] = [
  ['sum by (rule) (vigil_rule_halted) > 0', 'A rule failed and detects nothing for the keys of those tasks. The reason is in `halted` of `GET /api/v1/cluster`.'],
  ['sum by (state) (vigil_tasks{state="stopped"}) > 0', 'A task cannot go on: `GET /health/ready` and `GET /api/v1/cluster` say why.'],
  ['deriv(vigil_lag[10m]) > 0', 'Events come faster than they are taken.'],
  ['increase(vigil_events_without_effect_total{reason="dead-letter"}[10m]) > 0', 'Events that cannot be read are put aside; the dead-letter topic has each with its reason.'],
  ['increase(vigil_rule_errors_total[10m]) > 0', 'A rule refuses events, or has failed.'],
];

/** Name of an instrument as Prometheus shows it. */
export function prometheusName({ name, kind }: Instrument): string {
  return name.replaceAll('.', '_') + (kind === 'counter' ? '_total' : '');
}

function row(instrument: Instrument): string {
  const attributes = Object.entries(instrument.attributes).map(([name, values]) => `\`${name}\`: ${values}`);
  const buckets = instrument.buckets === undefined ? '' : ` Buckets: ${instrument.buckets.join(', ')}.`;
  return `| \`${prometheusName(instrument)}\` | ${instrument.kind} | ${instrument.unit.replace(/[{}]/g, '')} | ${attributes.join('; ')} | ${instrument.description}${buckets} |`;
}
