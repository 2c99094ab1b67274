import type { JsonValue } from '../../event/stream-event.js';
import type { FitInput } from '../schema/pattern-schema.js';
import { eqlCondition } from './eql-condition.js';
import { parseEql } from './eql-parser.js';
import type { EqlItem, EqlQuery } from './eql-tree.js';
import { Import, ONE_KEY, slugOf, type Imported, type ImportOptions } from './imported.js';

type Json = Record<string, JsonValue>;

/**
 * A query of Elasticsearch's EQL as a rule: an event query over single events, a sequence as a pattern, a sample as kinds in any order. The
 * event category is the event's type.
 */
export function importEql(text: string, options: ImportOptions = {}): Imported {
  const into = new Import();
  const id = slugOf(options.id ?? 'eql');
  const query = parseEql(text);
  if ('problem' in query) into.note(id, query.at, `left out: ${query.problem}`);
  else new EqlImporter(into, id, options, query).run();
  return into.result;
}

class EqlImporter {
  constructor(
    private readonly into: Import,
    private readonly id: string,
    private readonly options: ImportOptions,
    private readonly query: EqlQuery,
  ) {}

  run(): void {
    const { kind, items, pipes } = this.query;
    if (pipes) this.note('|', 'left out: pipes choose among stored results; the rule gives all of them');
    const base = { id: this.id, from: this.options.from ?? 'events', key: this.key() };
    if (kind === 'event') this.into.add({ ...base, ...this.single(items[0] as EqlItem) });
    else if (kind === 'sample') this.into.add({ ...base, pattern: this.sample() });
    else this.into.add({ ...base, pattern: this.sequence() });
  }

  private note(at: string, message: string): void {
    this.into.note(this.id, at, message);
  }

  private single(item: EqlItem): Json {
    const { on, where } = this.fit(item, 'where');
    return { ...(on === undefined ? {} : { on: on as JsonValue }), when: (where as JsonValue | undefined) ?? { all: [] } };
  }

  /** Fields of the key: those of the whole query, then those of the items, which have to be the same for all. */
  private key(): JsonValue {
    const { by, items } = this.query;
    const joined = items.map((item) => item.by.join(', '));
    const own = items[0]?.by ?? [];
    if (new Set(joined).size > 1) this.note('by', `differs: the items are joined by ${[...new Set(joined)].map((fields) => fields || 'nothing').join(' and ')}; a rule has one key for all: give the fields one name where the events are produced`);
    const key = [...by, ...own];
    if (key.length === 0) return this.options.key === undefined ? ONE_KEY : [...this.options.key];
    return key.length === 1 ? (key[0] as string) : key;
  }

  private fit(item: EqlItem, at: string): FitInput {
    const where = eqlCondition(item.condition, (message) => this.note(at, message));
    const always = Array.isArray(where['all']) && where['all'].length === 0;
    return { ...(item.category === null ? {} : { on: item.category }), ...(always ? {} : { where }) };
  }

  private sequence(): Json {
    const { items, maxspan, until } = this.query;
    const span = this.span(maxspan);
    const expiry = until === null ? null : this.fit(until, 'until');
    const stages: Json[] = [];
    let taken = 0;
    for (const [i, item] of items.entries()) {
      const fit = this.fit(item, `item ${i + 1}`) as Json;
      if (item.missing) {
        stages.push(...this.missing(fit, i, span));
        continue;
      }
      if (taken > 0 && expiry !== null) stages.push({ not: expiry as Json });
      taken++;
      stages.push({ as: `event${taken}`, ...fit, ...(item.runs > 1 ? { times: item.runs } : {}) });
    }
    this.note('sequence', 'differs: of several beginnings EQL keeps the latest, the rule the earliest; an event counts once, as evidence of one alert');
    return { stages, ...(span === null ? {} : { within: span }) };
  }

  private missing(fit: Json, i: number, span: string | null): Json[] {
    const { items } = this.query;
    const last = items.slice(i).every((item) => item.missing);
    if (i === 0 || items.slice(0, i).every((item) => item.missing)) {
      this.note(`item ${i + 1}`, 'left out: a missing event at the beginning has nothing before it');
      return [];
    }
    if (!last) return [{ not: fit }];
    if (span === null) {
      this.note(`item ${i + 1}`, 'left out: a missing event at the end needs maxspan');
      return [];
    }
    if (items.filter((item) => !item.missing).length > 1) this.note(`item ${i + 1}`, 'differs: the time of the absence counts from the event before it, in EQL from the first');
    return [{ absent: fit, for: span }];
  }

  private sample(): Json {
    const kinds = this.query.items.map((item, i) => ({ as: `event${i + 1}`, ...this.fit(item, `item ${i + 1}`) }) as Json);
    this.note('sample', 'a sample knows no time; the rule needs one: it is a day, to be set as is fit');
    return { stages: [{ allOf: kinds, span: '1d' }], within: '1d' };
  }

  private span(maxspan: string | null): string | null {
    if (maxspan === null) {
      this.note('maxspan', 'the query has none, and a rule does not wait for ever: it is a day, to be set as is fit');
      return '1d';
    }
    if (/^\d+(ms|s|m|h|d)$/.test(maxspan)) return maxspan;
    this.note('maxspan', `left out: found ${maxspan}; expected ms, s, m, h or d`);
    return null;
  }
}
