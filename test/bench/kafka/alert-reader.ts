import { Peer } from '../../e2e/parts/kafka-peer.js';
import { sleep, until } from '../../e2e/parts/until.js';

/** An alert as a read_committed consumer of another make (librdkafka) got it. */
export interface ReadAlert {
  /** wall time of its arrival, epoch ms */
  readonly at: number;
  /** `card time` */
  readonly name: string;
}

/** The rule that all contestants have; others may run beside it. */
const RULE = 'small-then-large';

/** Follows a topic of alerts from its start. */
export class AlertReader {
  private readonly peer: Peer;
  private readonly alerts: ReadAlert[] = [];
  private read = 0;

  constructor(brokers: string, topic: string) {
    this.peer = new Peer(['follow', brokers, topic]);
  }

  ready(): Promise<void> {
    return until(() => this.peer.lines.includes('ready'), 'the reader follows the alerts', 60_000);
  }

  /** All so far, in the order in which they came. */
  get all(): readonly ReadAlert[] {
    for (; this.read < this.peer.lines.length; this.read++) {
      const line = this.peer.lines[this.read] as string;
      if (!line.startsWith('{')) continue;
      const { at, value } = JSON.parse(line) as { at: number; value: string };
      const alert = JSON.parse(value) as { rule: string; key: readonly string[]; at: number };
      if (alert.rule !== RULE) continue;
      this.alerts.push({ at, name: `${alert.key[0]} ${alert.at}` });
    }
    return this.alerts;
  }

  /** Waits until so many have come; gives up silently: what is missing shows. */
  async until(count: number, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.all.length < count && performance.now() < deadline) await sleep(20);
  }

  stop(): void {
    this.peer.stop();
  }
}

/** '' where exactly the alerts that must come have come; otherwise what differs. */
export function differenceOf(expected: readonly string[], seen: readonly ReadAlert[]): string {
  const found = new Set(seen.map(({ name }) => name));
  const wanted = new Set(expected);
  const missing = expected.filter((name) => !found.has(name)).length;
  const extra = [...found].filter((name) => !wanted.has(name)).length;
  const twice = seen.length - found.size;
  return missing + extra + twice === 0 ? '' : `of ${expected.length} alerts ${missing} are missing, ${extra} are wrong, ${twice} came twice`;
}
