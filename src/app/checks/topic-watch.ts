import type { LiveSource } from '../../engine/control/control-state.js';
import type { Logger } from '../../observability/logger.js';
import { systemClock } from '../../stream/clock.js';
import type { TopicAdmin } from '../../stream/log.js';
import { checkSource } from './source-check.js';
import type { TopicWarning } from './topic-warning.js';

/** So often the topics of sources are looked at again, ms: settings change seldom, and a warning may wait. */
const LOOK_EVERY_MS = 300_000;
/** So often it is looked whether there is a source that was not there before, ms. */
const NOTICE_EVERY_MS = 2_000;

export interface TopicWatchOptions {
  readonly admin: Pick<TopicAdmin, 'describe'>;
  readonly logger: Pick<Logger, 'warn' | 'info' | 'debug'>;
  /** sources as far as the control topic has been read */
  readonly sources: () => Iterable<LiveSource>;
  /** what was found at the start about Vigil's own topics */
  readonly internal: readonly TopicWarning[];
  readonly downtimeMs: number;
}

/** Looks at the topics of the sources from time to time; says what is new to the log, and what holds now to whoever asks. */
export class TopicWatch {
  private current: readonly TopicWarning[];
  private readonly stopping = new AbortController();
  private looked = '';

  constructor(private readonly options: TopicWatchOptions) {
    this.current = options.internal;
    for (const warning of options.internal) this.say(warning);
  }

  get warnings(): readonly TopicWarning[] {
    return this.current;
  }

  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopping.abort();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (let nextAt = -Infinity; !signal.aborted; await systemClock.sleep(NOTICE_EVERY_MS, signal)) {
      if (Date.now() < nextAt && this.declared === this.looked) continue;
      await this.look();
      nextAt = Date.now() + LOOK_EVERY_MS;
    }
  }

  private get declared(): string {
    return [...this.options.sources()].map(({ name, definition }) => `${name} ${definition.topic}`).sort().join('\n');
  }

  /** Looks at every source once. */
  async look(): Promise<void> {
    const { admin, sources, internal, downtimeMs, logger } = this.options;
    this.looked = this.declared;
    try {
      const found = await Promise.all([...sources()].map(async (source) => checkSource(source, await admin.describe(source.definition.topic), downtimeMs)));
      const before = new Set(this.current.map(textOf));
      this.current = [...internal, ...found.flat()];
      const now = new Set(this.current.map(textOf));
      for (const warning of this.current) if (!before.has(textOf(warning))) this.say(warning);
      for (const text of before) if (!now.has(text)) logger.info('a warning about a topic no longer holds', { warning: text });
    } catch (error) {
      logger.debug('topics could not be looked at', { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  private say({ code, subject, detail }: TopicWarning): void {
    this.options.logger.warn(`${subject}: ${detail}`, { code });
  }
}

const textOf = ({ code, subject, detail }: TopicWarning): string => `${code} ${subject}: ${detail}`;
