import { parsePath, type PathStep } from '../event/field-path.js';
import type { EventReader } from '../event/match-view.js';
import type { SlotLayout } from '../event/slot-layout.js';
import type { FieldValue, JsonValue } from '../event/stream-event.js';
import type { FactCounters } from './fact-counters.js';
import { newFactCounters } from './fact-counters.js';
import { META_READERS, constantReader, elementReader, isMetaName, slotReader, type ElementCell, type MetaName } from './facts/event-readers.js';
import { STAGE_FUNCTIONS, stageFieldReader, type StageFunction } from './facts/stage-readers.js';
import { ruleLimits } from './limits.js';
import type { ListReader } from './list-store.js';
import { NO_LISTS } from './list-store.js';
import { nearest, shown } from './problem.js';
import { typeOfValue, type DeclaredFields, type ValueType } from './value-type.js';

/** How much of a stage's events is read: engines keep no more than that. */
export type StageRead = 'count' | 'first' | 'last' | 'all';

/** What a fact name stands for. */
export type Fact =
  | { readonly kind: 'constant'; readonly value: JsonValue; readonly type: ValueType; readonly read: EventReader }
  /** a field or `let` value of the current event; `direct` when `event.fields[slot]` is the value itself */
  | {
      readonly kind: 'field';
      readonly path: string;
      readonly slot: number;
      readonly direct: boolean;
      readonly isLet: boolean;
      readonly type: ValueType;
      readonly read: EventReader;
    }
  | { readonly kind: 'meta'; readonly meta: MetaName; readonly type: ValueType; readonly read: EventReader }
  | { readonly kind: 'stage'; readonly stage: number; readonly type: ValueType; readonly read: EventReader }
  | { readonly kind: 'element'; readonly type: ValueType; readonly read: EventReader };

/** Why a name stands for nothing. */
export interface FactRefusal {
  readonly kind: 'refused';
  readonly code: 'fact.unknown' | 'fact.path';
  readonly message: string;
}

export interface FactScopeOptions {
  readonly layout: SlotLayout;
  /** the rule's params, worked out; they become constants */
  readonly params?: Readonly<Record<string, JsonValue>>;
  /** `let` entries that may be used here → the slot of their value in `event.fields` */
  readonly lets?: ReadonlyMap<string, number>;
  /** what is known of the entries' values; `any` where absent */
  readonly letTypes?: ReadonlyMap<string, ValueType>;
  /** stages of the pattern that may be used here → their number in the `MatchView` */
  readonly stages?: ReadonlyMap<string, { readonly index: number }>;
  readonly lists?: ListReader;
  readonly counters?: FactCounters;
  /** the rule's named conditions, as written */
  readonly namedConditions?: Readonly<Record<string, unknown>>;
  /** `true` for `"compat": "json-rules-engine"` */
  readonly compat?: boolean;
  /** `error`: a condition over a missing fact throws EngineError('event.missing-fact') */
  readonly onMissing?: 'false' | 'error';
  /** fields of the declared schemas; absent where any field may exist */
  readonly declared?: DeclaredFields | null;
}

/**
 * The names that conditions, expressions, keys and templates of a rule may use, and their readers. In order of precedence:
 * `$.path` (always a field of the event), `params.*`, `event.ts | type | id | source`, element names of array scopes, `let` entries, stages of
 * the pattern, `ts` (the event's time), fields of the event.
 *
 * Reading a stage's fact notes what of the stage is read, in `captureSlots` and `stageReads`.
 */
export class FactScope {
  readonly layout: SlotLayout;
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly lists: ListReader;
  readonly counters: FactCounters;
  readonly namedConditions: Readonly<Record<string, unknown>>;
  readonly compat: boolean;
  readonly onMissing: 'false' | 'error';
  /** slots read from the events of earlier stages: what a captured event must keep */
  readonly captureSlots: Set<number>;
  /** what is read of each stage, by its number; a stage that is not here is not read at all */
  readonly stageReads: Map<number, Set<StageRead>>;
  private readonly elements: ReadonlyMap<string, ElementCell>;

  constructor(
    private readonly options: FactScopeOptions,
    parent?: FactScope,
    elements?: ReadonlyMap<string, ElementCell>,
  ) {
    this.layout = options.layout;
    this.params = options.params ?? {};
    this.lists = options.lists ?? NO_LISTS;
    this.counters = options.counters ?? newFactCounters();
    this.namedConditions = options.namedConditions ?? {};
    this.compat = options.compat ?? false;
    this.onMissing = options.onMissing ?? 'false';
    this.captureSlots = parent?.captureSlots ?? new Set();
    this.stageReads = parent?.stageReads ?? new Map();
    this.elements = elements ?? new Map();
  }

  /** The same scope with a name for the element that an array scope or macro stands at. */
  withElement(name: string, cell: ElementCell): FactScope {
    return new FactScope({ ...this.options, counters: this.counters }, this, new Map(this.elements).set(name, cell));
  }

  /** The same scope that counts elsewhere: explanations do not count. */
  withCounters(counters: FactCounters): FactScope {
    return new FactScope({ ...this.options, counters, onMissing: 'false' }, this, this.elements);
  }

  /** How many array scopes stand around. */
  get scanDepth(): number {
    return this.elements.size;
  }

  /** Whether the first step of a name is something other than a field of the event. */
  isName(name: string): boolean {
    return (
      name === 'params' ||
      name === 'event' ||
      this.elements.has(name) ||
      this.options.lets?.has(name) === true ||
      this.options.stages?.has(name) === true
    );
  }

  /** What `name` stands for. `path` is json-rules-engine's (`$.a.b[0]`): steps inside the fact's value. */
  resolve(name: string, path?: string): Fact | FactRefusal {
    if (typeof name !== 'string' || name.length === 0) return badPath(name);
    const whole = path === undefined ? name : joinPath(name, path);
    if (whole === null || whole.length > ruleLimits.pathCharsMax) return badPath(path ?? name);
    if (whole.startsWith('$.')) {
      const steps = parsePath(whole.slice(2));
      return steps ? this.field(steps) : badPath(whole);
    }
    const steps = parsePath(whole);
    if (!steps) return badPath(whole);
    return this.resolveSteps(steps);
  }

  /** As `resolve`, of a path in steps. */
  resolveSteps(steps: readonly PathStep[]): Fact | FactRefusal {
    const head = steps[0] as string;
    if (head === 'params') return this.param(steps);
    if (head === 'event') return meta(steps);
    const cell = this.elements.get(head);
    if (cell) return { kind: 'element', type: 'any', read: elementReader(cell, steps.slice(1)) };
    if (this.options.lets?.has(head)) return this.let(steps);
    const stage = this.options.stages?.get(head);
    if (stage) return this.stage(head, stage.index, steps);
    if (head === 'ts' && steps.length === 1) return { kind: 'meta', meta: 'ts', type: 'number', read: META_READERS.ts };
    return this.field(steps);
  }

  private param(steps: readonly PathStep[]): Fact | FactRefusal {
    const name = steps[1];
    if (typeof name !== 'string' || !Object.hasOwn(this.params, name)) {
      const hint = nearest(String(name), Object.keys(this.params));
      return refused('fact.unknown', `found params.${String(name)}, which the rule's params do not have${hint ? `; did you mean params.${hint}?` : ''}`);
    }
    let value: FieldValue = this.params[name];
    for (const step of steps.slice(2)) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) {
        return refused('fact.unknown', `found params.${steps.slice(1).join('.')}, but params.${name} has no such part`);
      }
      value = (value as Readonly<Record<string | number, JsonValue>>)[step];
    }
    const constant = value as JsonValue;
    return { kind: 'constant', value: constant, type: typeOfValue(constant), read: constantReader(constant) };
  }

  private let(steps: readonly PathStep[]): Fact {
    const { slot, rest } = this.slotOf(steps);
    const direct = rest.length === 0;
    const type = direct ? (this.options.letTypes?.get(steps[0] as string) ?? 'any') : 'any';
    return { kind: 'field', path: textOf(steps), slot, direct, isLet: true, type, read: slotReader(slot, rest) };
  }

  private field(steps: readonly PathStep[]): Fact | FactRefusal {
    const path = textOf(steps);
    const declared = this.options.declared;
    const type = declared ? declared.typeOf(path) : 'any';
    if (type === null) {
      const hint = nearest(path, declared?.paths() ?? []);
      return refused('fact.unknown', `found "${path}", which no declared schema of the rule's sources has${hint ? `; did you mean "${hint}"?` : '; add it to the schema or correct the name'}`);
    }
    const slot = this.layout.slotOf(path);
    return { kind: 'field', path, slot, direct: true, isLet: false, type, read: slotReader(slot, []) };
  }

  private stage(name: string, stage: number, steps: readonly PathStep[]): Fact | FactRefusal {
    const head = steps[1];
    if (head === undefined) {
      return refused('fact.unknown', `found the stage "${name}" by itself; name one of its facts: "${name}.count", "${name}.ts", "${name}.someField", "${name}.first.someField"`);
    }
    if (head === 'count' && steps.length === 2) {
      this.noteRead(stage, 'count');
      return { kind: 'stage', stage, type: 'number', read: (_event, match) => match.count(stage) };
    }
    const wanted: StageFunction | null = typeof head === 'string' && Object.hasOwn(STAGE_FUNCTIONS, head) ? (head as StageFunction) : null;
    const inner = wanted ? steps.slice(2) : steps.slice(1);
    if (inner.length === 0 || typeof inner[0] !== 'string') {
      return refused('fact.unknown', `found "${textOf(steps)}"; expected a field after it, such as "${name}.${wanted ?? 'last'}.amountMinor"`);
    }
    return this.stageField(stage, wanted ?? 'last', inner);
  }

  private stageField(stage: number, wanted: StageFunction, steps: readonly PathStep[]): Fact | FactRefusal {
    this.noteRead(stage, wanted === 'first' || wanted === 'last' ? wanted : 'all');
    const type = STAGE_FUNCTIONS[wanted];
    const metaName = stageMeta(steps);
    if (metaName) return { kind: 'stage', stage, type: type ?? (metaName === 'ts' ? 'number' : 'any'), read: stageFieldReader(stage, wanted, META_READERS[metaName]) };
    if (!this.options.lets?.has(steps[0] as string)) {
      const known = this.field(steps);
      if (known.kind === 'refused') return known;
    }
    const { slot, rest } = this.slotOf(steps);
    this.captureSlots.add(slot);
    return { kind: 'stage', stage, type: type ?? 'any', read: stageFieldReader(stage, wanted, slotReader(slot, rest)) };
  }

  private slotOf(steps: readonly PathStep[]): { slot: number; rest: readonly PathStep[] } {
    const slot = this.options.lets?.get(steps[0] as string);
    if (slot !== undefined) return { slot, rest: steps.slice(1) };
    return { slot: this.layout.slotOf(textOf(steps)), rest: [] };
  }

  private noteRead(stage: number, read: StageRead): void {
    let reads = this.stageReads.get(stage);
    if (!reads) this.stageReads.set(stage, (reads = new Set()));
    reads.add(read);
  }
}

function meta(steps: readonly PathStep[]): Fact | FactRefusal {
  const name = steps[1];
  if (steps.length !== 2 || !isMetaName(name)) {
    return refused('fact.unknown', `found "${textOf(steps)}"; event has ts, type, id and source (a field of the payload named event is "$.event…")`);
  }
  return { kind: 'meta', meta: name, type: name === 'ts' ? 'number' : name === 'id' ? 'any' : 'string', read: META_READERS[name] };
}

/** `payee.ts`, `payee.event.type`: facts of the event itself, not of its payload. */
function stageMeta(steps: readonly PathStep[]): MetaName | null {
  if (steps.length === 1 && steps[0] === 'ts') return 'ts';
  return steps.length === 2 && steps[0] === 'event' && isMetaName(steps[1]) ? steps[1] : null;
}

/** A fact's name and json-rules-engine's `path` as one path; null where the path is outside the safe subset. */
export function joinPath(name: string, path: string): string | null {
  if (path === '$' || path === '') return name;
  if (path.startsWith('$')) return name + path.slice(1);
  return `${name}.${path}`;
}

/** Steps as the canonical text of a path. */
export function textOf(steps: readonly PathStep[]): string {
  let text = '';
  for (const step of steps) {
    if (typeof step === 'number' || step === '*') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

function refused(code: FactRefusal['code'], message: string): FactRefusal {
  return { kind: 'refused', code, message };
}

function badPath(path: unknown): FactRefusal {
  return refused('fact.path', `found ${shown(path)}; expected names and indexes such as "device.id", "items[0].sku" or "items[*].sku", without filters or scripts`);
}
