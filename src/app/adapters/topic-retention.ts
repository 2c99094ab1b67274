import type { TopicAdmin } from '../../stream/log.js';

/** So long an answer of the log counts, ms: a rule is validated at every pause in typing. */
const ANSWER_AGE_MS = 60_000;
const TOPICS_MAX = 10_000;

/** How long topics keep their records. */
export class TopicRetention {
  private readonly answers = new Map<string, { readonly at: number; readonly retentionMs: Promise<number | null> }>();

  constructor(private readonly admin: Pick<TopicAdmin, 'describe'>) {}

  /** The shortest of some topics, ms; Infinity for ever, null where one of them is not known. */
  async shortest(topics: readonly string[]): Promise<number | null> {
    const all = await Promise.all(topics.map((topic) => this.of(topic)));
    return all.reduce<number | null>((least, one) => (least === null || one === null ? null : Math.min(least, one)), Infinity);
  }

  private of(topic: string): Promise<number | null> {
    const known = this.answers.get(topic);
    if (known !== undefined && Date.now() - known.at < ANSWER_AGE_MS) return known.retentionMs;
    if (this.answers.size >= TOPICS_MAX) this.answers.clear();
    const retentionMs = this.ask(topic);
    this.answers.set(topic, { at: Date.now(), retentionMs });
    return retentionMs;
  }

  /** A log that does not answer keeps nobody from validating a rule. */
  private async ask(topic: string): Promise<number | null> {
    try {
      const found = await this.admin.describe(topic);
      if (found === null || found.cleanupPolicy === null || found.retentionMs === null) return null;
      return found.cleanupPolicy === 'compact' || found.retentionMs < 0 ? Infinity : found.retentionMs;
    } catch {
      this.answers.delete(topic);
      return null;
    }
  }
}
