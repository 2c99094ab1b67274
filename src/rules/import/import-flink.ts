import type { JsonValue } from '../../event/stream-event.js';
import { durationText } from '../sql/duration-text.js';
import { flinkCondition } from './flink-condition.js';
import { Import, ONE_KEY, StageNames, isObject, slugOf, type Imported, type ImportOptions, textOf } from './imported.js';

type Json = { readonly [name: string]: JsonValue };
type Stage = Record<string, JsonValue>;

/** Levels of graphs inside graphs. */
const DEPTH_MAX = 16;
const FOLLOW: Readonly<Record<string, string>> = { STRICT: 'next', SKIP_TILL_NEXT: 'followedBy', SKIP_TILL_ANY: 'followedByAny' };
const INNER: Readonly<Record<string, string>> = { STRICT: 'strict', SKIP_TILL_NEXT: 'relaxed', SKIP_TILL_ANY: 'relaxedAny' };
const UNIT_MS: Readonly<Record<string, number>> = { MILLISECONDS: 1, SECONDS: 1_000, MINUTES: 60_000, HOURS: 3_600_000, DAYS: 86_400_000 };

/**
 * Patterns in the JSON of dynamic Flink CEP (a graph of nodes and edges, as Alibaba Cloud and Ververica document it) as rules that answer
 * as Flink does: exclusive edges, Flink's contiguity. Source and key are not part of that format: `options` name them.
 * @param json one pattern, or a list
 */
export function importFlink(json: JsonValue, options: ImportOptions = {}): Imported {
  const into = new Import();
  const patterns = Array.isArray(json) ? json : [json];
  for (const [i, pattern] of patterns.entries()) {
    const id = patterns.length === 1 && options.id !== undefined ? options.id : slugOf(isObject(pattern) && typeof pattern['name'] === 'string' ? `${pattern['name']}${i === 0 ? '' : `-${i + 1}`}` : `pattern-${i + 1}`);
    if (isObject(pattern) && Array.isArray(pattern['nodes'])) new FlinkImporter(into, id, options).add(pattern);
    else into.note(id, '', 'left out: found no graph with "nodes" and "edges"');
  }
  return into.result;
}

class FlinkImporter {
  private readonly names = new StageNames();

  constructor(
    private readonly into: Import,
    private readonly id: string,
    private readonly options: ImportOptions,
  ) {}

  add(graph: Json): void {
    const { from, key } = this.options;
    if (key === undefined) this.note('', 'the format has no key: the rule looks at all events together; name the fields of the key');
    const window = isObject(graph['window']) ? graph['window'] : null;
    const withinMs = this.durationOf(window?.['time'], '/window');
    const within = window?.['type'] === 'PREVIOUS_AND_CURRENT' || withinMs === null ? {} : { within: durationText(withinMs) };
    const stages = this.stages(graph, '', window?.['type'] === 'PREVIOUS_AND_CURRENT' ? withinMs : null, withinMs, 0);
    this.into.add({
      id: this.id,
      from: from ?? 'events',
      key: key === undefined ? ONE_KEY : key.length === 1 ? (key[0] as string) : [...key],
      pattern: { stages, ...within, ...this.skip(graph['afterMatchStrategy']), edge: 'exclusive' },
    });
  }

  private note(at: string, message: string): void {
    this.into.note(this.id, at, message);
  }

  /** @param stepMs largest time between neighbouring stages; null for none @param windowMs of the whole pattern */
  private stages(graph: Json, at: string, stepMs: number | null, windowMs: number | null, depth: number): Stage[] {
    const order = this.inOrder(graph, at);
    if (depth > DEPTH_MAX) {
      this.note(at, `left out: more than ${DEPTH_MAX} graphs inside each other`);
      return [];
    }
    return order.map(({ node, edge }, i) => {
      const place = `${at}/nodes/${textOf(node['name'])}`;
      if (edge === 'NOT_NEXT' || edge === 'NOT_FOLLOW') return this.forbidden(node, edge, i === order.length - 1 && at === '', windowMs, place);
      const follow = FOLLOW[edge];
      if (i > 0 && follow === undefined) this.note(place, `found the edge ${edge}; taken as SKIP_TILL_NEXT`);
      return {
        ...this.taken(node, place, windowMs, depth),
        ...this.quantifier(node['quantifier'], place),
        ...(i === 0 ? {} : { follow: follow ?? 'followedBy' }),
        ...(i > 0 && stepMs !== null ? { within: durationText(stepMs) } : {}),
      };
    });
  }

  /** Nodes from the one that no edge leads to, along the edges. */
  private inOrder(graph: Json, at: string): { readonly node: Json; readonly edge: string }[] {
    const nodes = (graph['nodes'] as readonly JsonValue[]).filter(isObject);
    const edges = (Array.isArray(graph['edges']) ? graph['edges'] : []).filter(isObject);
    const begin = nodes.filter((node) => !edges.some((edge) => edge['target'] === node['name']));
    if (begin.length !== 1) this.note(at, `found ${begin.length} nodes that no edge leads to; a pattern has one beginning`);
    const order: { node: Json; edge: string }[] = [];
    const seen = new Set<Json>();
    for (let node = begin[0] ?? nodes[0], edge = ''; node !== undefined && !seen.has(node); ) {
      order.push({ node, edge });
      seen.add(node);
      const { name } = node as { name?: JsonValue };
      const leaving = edges.filter((candidate) => candidate['source'] === name);
      if (leaving.length > 1) this.note(`${at}/nodes/${textOf(name)}`, 'found several edges from it; only the first is followed');
      const next = leaving[0];
      edge = textOf(next?.['type'] ?? '');
      node = nodes.find((candidate) => candidate['name'] === next?.['target']);
    }
    if (order.length < nodes.length) this.note(at, `${nodes.length - order.length} nodes left out that the edges do not lead to`);
    return order;
  }

  private taken(node: Json, at: string, windowMs: number | null, depth: number): Stage {
    if (Array.isArray(node['nodes'])) return { group: this.stages(node, at, null, windowMs, depth + 1) };
    return { as: this.names.of(textOf(node['name'])), ...this.fit(node['condition'], at) };
  }

  private fit(condition: JsonValue | undefined, at: string): Stage {
    const where = flinkCondition(condition, (message) => this.note(`${at}/condition`, message));
    return where === null ? {} : { where };
  }

  private forbidden(node: Json, edge: string, last: boolean, windowMs: number | null, at: string): Stage {
    const fit = this.fit(node['condition'], at);
    if (edge === 'NOT_NEXT') return { not: fit, next: true };
    if (!last || windowMs === null) return { not: fit };
    this.note(at, 'an absence at the end: Flink counts its time from the first event of the match, the rule from the event before it');
    return { absent: fit, for: durationText(windowMs) };
  }

  private quantifier(json: JsonValue | undefined, at: string): Stage {
    if (!isObject(json)) return {};
    const properties = [json['properties'], json['details']].flatMap((list) => (Array.isArray(list) ? list : []));
    const times = isObject(json['times']) ? json['times'] : null;
    const [min, max] = [times?.['from'], times?.['to']].map((n) => (typeof n === 'number' ? n : 1)) as [number, number];
    const looping = properties.includes('LOOPING');
    const many = looping || (properties.includes('TIMES') && max > 1) || (times !== null && max > 1);
    const gapMs = this.durationOf(times?.['windowTime'], `${at}/quantifier`);
    const until = flinkCondition(json['untilCondition'], (message) => this.note(`${at}/quantifier/untilCondition`, message));
    return {
      ...(looping ? { times: min > 1 ? { min } : 'oneOrMore' } : many ? { times: min === max ? min : { min, max } } : {}),
      ...(many ? { inner: INNER[textOf(json['consumingStrategy'])] ?? 'relaxed' } : {}),
      ...(many && gapMs !== null ? { gap: durationText(gapMs) } : {}),
      ...(properties.includes('GREEDY') && (looping || min !== max) ? { greedy: true } : {}),
      ...(properties.includes('OPTIONAL') ? { optional: true } : {}),
      ...(looping && until !== null ? { until } : {}),
    };
  }

  private skip(json: JsonValue | undefined): Stage {
    const strategy = isObject(json) ? json : {};
    const name = this.names.of(textOf(strategy['patternName'] ?? ''));
    // each match of one event is a result in Flink
    const each = { limit: 1_000 };
    switch (strategy['type']) {
      case 'SKIP_PAST_LAST_EVENT':
        return {};
      case 'SKIP_TO_NEXT':
        return { skip: 'toNext', ...each };
      case 'SKIP_TO_FIRST':
        return { skip: { toFirst: name }, ...each };
      case 'SKIP_TO_LAST':
        return { skip: { toLast: name }, ...each };
      default:
        return { skip: 'none', ...each };
    }
  }

  private durationOf(json: JsonValue | undefined, at: string): number | null {
    if (json === null || json === undefined) return null;
    const { unit, size } = isObject(json) ? json : ({} as Json);
    const ms = typeof size === 'number' ? size * (UNIT_MS[textOf(unit)] ?? NaN) : NaN;
    if (Number.isInteger(ms)) return ms;
    this.note(at, `left out: found the time ${JSON.stringify(json)}; expected {"unit": "MINUTES", "size": 10}`);
    return null;
  }
}
