import type { EventFit, Repetition, ResolvedPattern, ResolvedStage } from '../../rule.js';
import { interval, quoted } from './sql-words.js';
import { unsayable } from './unsayable.js';
import { writeFit } from './write-condition.js';
import type { WriteScope } from './write-fact.js';

export type { SqlDialect } from './write-fact.js';

export interface WrittenPattern {
  readonly text: string;
  /** of `DEFINE`, in the order of the text */
  readonly definitions: readonly string[];
}

type Event = ResolvedStage & { readonly kind: 'event' };
type Names = Pick<WriteScope, 'dialect' | 'params' | 'stages' | 'conditions'>;

/** Writes the stages of a pattern. @throws Unsayable where one has no form in the dialect */
export function writePattern({ stages, skip }: ResolvedPattern, names: Names): WrittenPattern {
  const writer = new PatternWriter(names, skip.to === 'pastLast');
  const text = writer.sequence(stages);
  const last = stages[stages.length - 1];
  const first = stages[0];
  // Flink wants one at least
  if (names.dialect === 'flink' && writer.definitions.length === 0 && first?.kind === 'event') writer.definitions.push(`${quoted(first.as)} AS TRUE`);
  if (isGreedy(last)) unsayable('a greedy loop at the end');
  return { text, definitions: writer.definitions };
}

class PatternWriter {
  readonly definitions: string[] = [];
  private made = 0;

  constructor(
    private readonly names: Names,
    private readonly pastLast: boolean,
  ) {}

  sequence(stages: readonly ResolvedStage[]): string {
    const texts: string[] = [];
    let nots: EventFit[] = [];
    if (this.names.dialect === 'flink') stages.forEach((stage, i) => mayBeEmpty(stage) && isGreedy(stages[i - 1]) && unsayable('what may be left out behind a greedy loop'));
    for (const [i, stage] of stages.entries()) {
      if (stage.kind === 'not') {
        if (stage.next) unsayable('a forbidden very next event');
        nots.push(stage);
        continue;
      }
      if (i > 0) texts.push(...this.between(stage, nots, stages.slice(0, i)));
      else if (nots.length > 0) unsayable('a forbidden event at the beginning');
      nots = [];
      texts.push(this.stage(stage));
    }
    return nots.length > 0 ? unsayable('a forbidden event at the end') : texts.join(' ');
  }

  /** What may lie before a stage. */
  private between(stage: Exclude<ResolvedStage, { kind: 'not' }>, nots: readonly EventFit[], before: readonly ResolvedStage[]): string[] {
    if (stage.kind === 'absent') return nots.length > 0 ? unsayable('a forbidden event before an absence') : [];
    if (stage.follow === 'next') return nots.length > 0 ? unsayable('a forbidden event before the very next one') : [];
    const forbidden = nots.map((fit) => `(${this.fit(fit, null) ?? 'TRUE'}) IS NOT TRUE`);
    const name = this.name('between');
    if (this.names.dialect === 'vigil') {
      this.define(name, forbidden);
      return [`{- ${name}${stage.follow === 'followedByAny' ? '*' : '*?'} -}`];
    }
    // what lies between is taken in Flink's form: it would begin or end a match by itself, or be counted as a match of its own
    const loops = before.some((other) => 'times' in other && other.times.max > 1);
    if (loops || before.every(mayBeEmpty) || stage.kind !== 'event' || stage.optional) unsayable('relaxed contiguity around loops and what may be left out');
    if (stage.follow === 'followedByAny' && !this.pastLast) unsayable('several ways to one match, of which it depends on the order which comes first');
    if (stage.follow === 'followedBy') forbidden.push(`(${this.entry(stage)}) IS NOT TRUE`);
    this.define(name, forbidden);
    return [`${name}*?`];
  }

  /** What a stage takes first, asked of an event that is not to be taken for it. */
  private entry(stage: Event): string {
    const reads = { own: false };
    const text = writeFit(stage, { ...this.names, own: stage.as, reads }) ?? 'TRUE';
    return reads.own ? unsayable('relaxed contiguity before a stage that reads its own events') : text;
  }

  private stage(stage: Exclude<ResolvedStage, { kind: 'not' }>): string {
    if (stage.kind === 'absent') return this.absence(stage);
    if (stage.withinMs !== null || stage.gapMs !== null || stage.spanMs !== null || stage.until !== null || stage.having !== null) unsayable('limits of a stage');
    if (stage.kind === 'event') return this.loop(stage, this.variable(stage));
    if (this.names.dialect === 'flink') unsayable('groups, alternation and any order');
    if (stage.kind === 'group') return this.loop(stage, `(${this.sequence(stage.stages)})`);
    if (stage.kind === 'oneOf') return this.loop(stage, `(${stage.choices.map((choice) => this.sequence(choice)).join(' | ')})`);
    if (stage.atLeast < stage.kinds.length || stage.optional || stage.times.max > 1) unsayable('some of several kinds');
    return `PERMUTE(${stage.kinds.map((kind) => this.variable(kind)).join(', ')})`;
  }

  private absence(stage: ResolvedStage & { readonly kind: 'absent' }): string {
    if (this.names.dialect === 'flink') unsayable('absence');
    if (stage.from !== null || stage.since !== null || stage.repeatEveryMs !== null || stage.resolveMs !== null) unsayable('an absence from elsewhere, repeated or resolved');
    const name = this.name('absent');
    this.define(name, [this.fit(stage, null) ?? 'TRUE']);
    return `${name} ABSENT FOR ${interval(stage.forMs)}`;
  }

  private variable(stage: Pick<Event, 'as' | 'on' | 'where'>): string {
    const condition = this.fit(stage, stage.as);
    if (condition !== null) this.define(quoted(stage.as), [condition]);
    return quoted(stage.as);
  }

  private fit(fit: EventFit, own: string | null): string | null {
    return writeFit(fit, { ...this.names, own, reads: { own: false } });
  }

  private define(variable: string, parts: readonly string[]): void {
    if (parts.length > 0) this.definitions.push(`${variable} AS ${parts.join(' AND ')}`);
  }

  /** A variable's name that no stage has. */
  private name(prefix: string): string {
    let name: string;
    do name = `${prefix}${++this.made}`;
    while (this.names.stages.has(name));
    return name;
  }

  private loop({ times: { min, max }, optional, inner, greedy }: Repetition, of: string): string {
    if (max === 1) return optional ? `${of}?` : of;
    if (inner !== 'strict') unsayable('a loop with other events between its own');
    const reluctant = greedy || min === max ? '' : '?';
    if (!optional) return min === 1 && max === Infinity ? `${of}+${reluctant}` : `${of}{${min}${min === max ? '' : `,${max === Infinity ? '' : max}`}}${reluctant}`;
    if (min === 1) return max === Infinity ? `${of}*${reluctant}` : `${of}{0,${max}}${reluctant}`;
    return this.names.dialect === 'flink' ? unsayable('a loop of at least two that may be left out') : `(${of}{${min},${max === Infinity ? '' : max}}${reluctant})?`;
  }
}

function isGreedy(stage: ResolvedStage | undefined): boolean {
  return stage !== undefined && 'greedy' in stage && stage.greedy && stage.times.max > stage.times.min;
}

/** Whether a match may have no event of the stage. */
export function mayBeEmpty(stage: ResolvedStage): boolean {
  return stage.kind === 'not' || ('optional' in stage && stage.optional);
}
