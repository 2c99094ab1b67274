import type { JsonValue } from '../../event/stream-event.js';
import type { ConditionJson } from '../conditions/condition-node.js';
import { Import, ONE_KEY, StageNames, fieldFact, isObject, slugOf, type Imported, type ImportOptions, textOf } from './imported.js';
import { sigmaDetection } from './sigma-detection.js';

type Json = { readonly [name: string]: JsonValue };

const LEVELS: Readonly<Record<string, string>> = { informational: 'info', low: 'low', medium: 'medium', high: 'high', critical: 'critical' };
const COMPARISONS: Readonly<Record<string, string>> = { gt: 'greaterThan', gte: 'greaterThanInclusive', lt: 'lessThan', lte: 'lessThanInclusive', eq: 'equal', neq: 'notEqual' };
const AGGREGATES: Readonly<Record<string, string>> = { value_count: 'distinct', value_sum: 'sum', value_avg: 'avg', value_percentile: 'percentile', value_median: 'percentile' };

/**
 * Sigma rules as rules: correlations of the types `event_count`, `value_count` and its like, `temporal` and `temporal_ordered`, over the
 * detections that stand beside them; a correlation of correlations reads the signals of the inner ones. Detections that no correlation
 * refers to become rules over single events.
 * @param documents the YAML documents of one or several files, parsed
 */
export function importSigma(documents: readonly JsonValue[], options: ImportOptions = {}): Imported {
  const into = new Import();
  const rules = documents.filter(isObject);
  if (rules.length < documents.length) into.note('', '', 'left out: found a document that is not a Sigma rule');
  new SigmaImporter(into, rules, options).run();
  return into.result;
}

class SigmaImporter {
  /** by id and by name */
  private readonly known = new Map<string, Json>();

  constructor(
    private readonly into: Import,
    private readonly documents: readonly Json[],
    private readonly options: ImportOptions,
  ) {
    for (const document of documents) for (const key of [document['id'], document['name']]) if (typeof key === 'string') this.known.set(key, document);
  }

  run(): void {
    const correlations = this.documents.filter(isCorrelation);
    const referred = new Set(correlations.flatMap((document) => this.rulesOf(document)));
    for (const document of this.documents) {
      if (isCorrelation(document)) this.correlation(document, referred.has(document));
      else if (isObject(document['detection']) && (!referred.has(document) || correlations.some((other) => other['generate'] === true && this.rulesOf(other).includes(document)))) this.detection(document);
      else if (!isObject(document['detection'])) this.into.note(idOf(document), '', 'left out: found neither "detection" nor "correlation"');
    }
  }

  private detection(document: Json): void {
    this.into.add({ ...this.common(document), from: this.sourceOf([document]), key: ONE_KEY, when: this.conditionOf(document, idOf(document)) });
  }

  private correlation(document: Json, chained: boolean): void {
    const id = idOf(document);
    const correlation = document['correlation'] as Json;
    const type = textOf(correlation['type']);
    const rules = this.rulesOf(document);
    const span = spanOf(correlation['timespan']);
    const key = this.keyOf(correlation, rules, id);
    if (span === null || key === null || rules.length === 0) {
      if (span === null) this.into.note(id, '/correlation/timespan', `left out: found ${JSON.stringify(correlation['timespan'])}; expected a number and s, m, h or d`);
      if (rules.length === 0) this.into.note(id, '/correlation/rules', 'left out: none of the rules that it refers to is here');
      return;
    }
    const base = { ...this.common(document), from: this.sourceOf(rules), key, ...this.outputOf(document, correlation, chained, key) };
    if (type === 'temporal' || type === 'temporal_ordered') this.into.add({ ...base, pattern: this.temporal(correlation, rules, span, type === 'temporal_ordered', id) });
    else if (type === 'event_count' || AGGREGATES[type] !== undefined) this.into.add({ ...base, ...this.counting(correlation, type, rules, span, id) });
    else this.into.note(id, '/correlation/type', `left out: found the type ${type}; expected event_count, value_count, value_sum, value_avg, value_percentile, value_median, temporal or temporal_ordered`);
  }

  /** Windows slide with each event: the rule fires when an event makes the condition true, then is silent for the time span. */
  private counting(correlation: Json, type: string, rules: readonly Json[], span: string, id: string): Json {
    const conditions = rules.map((rule) => this.fitOf(rule, id));
    const of: ConditionJson = conditions.length === 1 ? (conditions[0] as ConditionJson) : { any: conditions };
    const limits = isObject(correlation['condition']) ? correlation['condition'] : {};
    const form = type === 'event_count' ? { count: true } : this.aggregate(type, limits, id);
    const tests = Object.entries(limits).flatMap(([word, value]): ConditionJson[] => (COMPARISONS[word] === undefined ? [] : [{ fact: 'inWindow', operator: COMPARISONS[word] as string, value }]));
    if (tests.some(({ operator }) => operator !== 'greaterThan' && operator !== 'greaterThanInclusive')) this.into.note(id, '/correlation/condition', 'differs: an upper bound is asked of the window at each event, so the rule may fire before the time span is over');
    if (tests.length === 0) this.into.note(id, '/correlation/condition', 'found no gt, gte, lt, lte, eq or neq: the rule fires with the first event');
    return { let: { inWindow: { ...form, window: span, of } }, when: { all: [of, ...tests] }, policy: { fire: { once: span } } };
  }

  private aggregate(type: string, limits: Json, id: string): Json {
    const { field } = limits;
    const name = Array.isArray(field) ? field.map((part) => fieldFact(textOf(part))) : fieldFact(textOf(field));
    if (field === undefined) this.into.note(id, '/correlation/condition/field', `found no field for ${type}`);
    const word = AGGREGATES[type] as string;
    if (word !== 'percentile') return { [word]: name };
    const p = type === 'value_median' ? 50 : limits['percentile'];
    return { percentile: name, p: typeof p === 'number' ? p : 95 };
  }

  private temporal(correlation: Json, rules: readonly Json[], span: string, ordered: boolean, id: string): Json {
    const names = new StageNames();
    const stages = rules.map((rule) => ({ as: names.of(textOf(rule['name'] ?? idOf(rule))), ...this.stageFit(rule, id) }));
    if (ordered) return { stages, within: span };
    const limits = isObject(correlation['condition']) ? correlation['condition'] : {};
    const least = typeof limits['gte'] === 'number' ? limits['gte'] : typeof limits['gt'] === 'number' ? limits['gt'] + 1 : rules.length;
    if (typeof correlation['condition'] === 'string') this.into.note(id, '/correlation/condition', 'differs: a condition over the rules by name is not taken over; all of them have to occur');
    return { stages: [{ allOf: stages, atLeast: Math.min(Math.max(1, least), rules.length), span }], within: span };
  }

  /** An inner correlation is met by its signal. */
  private stageFit(rule: Json, id: string): Json {
    return isCorrelation(rule) ? { on: idOf(rule) } : { where: this.conditionOf(rule, id) };
  }

  private fitOf(rule: Json, id: string): ConditionJson {
    return isCorrelation(rule) ? { fact: 'event.type', operator: 'equal', value: idOf(rule) } : this.conditionOf(rule, id);
  }

  private conditionOf(rule: Json, id: string): ConditionJson {
    return sigmaDetection(rule['detection'] as Json, (at, message) => this.into.note(id, `${idOf(rule)}${at}`, message));
  }

  private rulesOf(document: Json): Json[] {
    const { rules } = (document['correlation'] ?? {}) as Json;
    const names = Array.isArray(rules) ? rules : typeof rules === 'string' ? [rules] : [];
    return names.flatMap((name) => {
      const found = this.known.get(textOf(name));
      if (found === undefined) this.into.note(idOf(document), '/correlation/rules', `left out: the rule ${JSON.stringify(name)} is not here`);
      else if (isCorrelation(found) || isObject(found['detection'])) return [found];
      return [];
    });
  }

  /** @returns null where the fields of the key differ from rule to rule */
  private keyOf(correlation: Json, rules: readonly Json[], id: string): JsonValue | null {
    const group = correlation['group-by'];
    const aliases = isObject(correlation['aliases']) ? correlation['aliases'] : {};
    const names = Array.isArray(group) ? group.map(String) : typeof group === 'string' ? [group] : [];
    const fields: string[] = [];
    for (const name of names) {
      const alias = aliases[name];
      const used = isObject(alias) ? new Set(rules.map((rule) => textOf(alias[textOf(rule['name'])] ?? alias[textOf(rule['id'])] ?? name))) : new Set([name]);
      if (used.size > 1) {
        this.into.note(id, `/correlation/aliases/${name}`, `left out: the alias stands for ${[...used].join(' and ')}; events of one key have it in one field: give both the same name where they are produced`);
        return null;
      }
      fields.push(...used);
    }
    const facts = fields.map(fieldFact);
    return facts.length === 0 ? ONE_KEY : facts.length === 1 ? (facts[0] as string) : facts;
  }

  /** What a correlation says, for an outer one also as a signal with the fields of its key. */
  private outputOf(document: Json, correlation: Json, chained: boolean, key: JsonValue): Json {
    if (!chained) return {};
    const fields = (Array.isArray(key) ? key : [key]).filter((field) => typeof field === 'string');
    const plain = fields.filter((field) => /^[A-Za-z_]\w*$/.test(field));
    if (plain.length < fields.length) this.into.note(idOf(document), '/correlation/group-by', 'differs: the signal for the outer correlation has only fields without a dot');
    return { emit: { signal: idOf(document), fields: Object.fromEntries(plain.map((field) => [field, field])) }, ...(correlation['generate'] === true ? { alert: {} } : {}) };
  }

  private sourceOf(rules: readonly Json[]): JsonValue {
    const names = new Set(rules.map((rule) => (isCorrelation(rule) ? 'signals' : (this.options.from ?? logSource(rule['logsource'])))));
    return names.size === 1 ? ([...names][0] as string) : [...names];
  }

  private common(document: Json): Json {
    const { title, description, level, tags } = document;
    const id = this.documents.length === 1 && this.options.id !== undefined ? this.options.id : idOf(document);
    return {
      id,
      ...(typeof title === 'string' ? { name: title.slice(0, 128) } : {}),
      ...(typeof description === 'string' ? { description } : {}),
      ...(LEVELS[textOf(level)] === undefined ? {} : { severity: LEVELS[textOf(level)] as string }),
      ...(Array.isArray(tags) ? { tags: tags.map(String).slice(0, 32) } : {}),
    };
  }
}

function isCorrelation(document: Json): boolean {
  return isObject(document['correlation']);
}

function idOf(document: Json): string {
  return slugOf(textOf(document['name'] ?? document['title'] ?? document['id'] ?? 'sigma'));
}

/** `{product: windows, category: process_creation}` → `windows-process_creation` */
function logSource(json: JsonValue | undefined): string {
  const source = isObject(json) ? json : {};
  const parts = ['product', 'category', 'service'].map((name) => source[name]).filter((part) => typeof part === 'string');
  return parts.length === 0 ? 'events' : slugOf(parts.join('-'));
}

function spanOf(json: JsonValue | undefined): string | null {
  return typeof json === 'string' && /^\d+[smhd]$/.test(json.trim()) ? json.trim() : null;
}
