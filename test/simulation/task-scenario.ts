import type { ControlRecord } from '../../src/engine/control/control.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { encodeUtf8 } from '../../src/state/bytes.js';
import { runnerLimits, type RunnerLimits } from '../../src/stream/limits.js';
import type { NewRecord, TopicSpec } from '../../src/stream/log.js';
import { partitionOf } from '../../src/stream/partitioner.js';
import { topicsOf } from '../../src/stream/topics.js';
import type { SimulatedRandom } from './simulated-random.js';

/** Appended at `atMs` simulated ms after the start. */
export interface ScriptStep {
  readonly atMs: number;
  readonly topic: string;
  /** @param endsOf ends of a topic's partitions at that time */
  readonly records: (endsOf: (topic: string) => readonly number[]) => readonly NewRecord[];
}

/** What one seed does besides its faults. */
export interface Scenario {
  readonly keyedPartitions: number;
  readonly taskSlots: number;
  readonly limits: RunnerLimits;
  readonly topics: readonly TopicSpec[];
  /** in the control topic before the first process starts */
  readonly opening: readonly ControlRecord[];
  /** in order of time */
  readonly script: readonly ScriptStep[];
  readonly events: number;
  /** how many are asked for on the way */
  readonly savepoints: number;
  /** rules and windows that the recount knows */
  readonly windows: Windows;
}

export interface Windows {
  readonly velocityMs: number;
  readonly velocityOver: number;
  readonly sequenceMs: number;
}

export const APP = 'sim';
export const TOPICS = topicsOf(APP);
export const START_MS = 1_000_000;
const OUTPUTS = [TOPICS.alerts, TOPICS.shadowAlerts, TOPICS.signals, TOPICS.late, TOPICS.deadLetter];
export const OUTPUT_PARTITIONS = 2;

interface SourceScript {
  readonly name: string;
  readonly topic: string;
  readonly partitions: number;
  readonly definition: JsonValue;
  readonly disorderMs: number;
  readonly repeats: boolean;
  readonly types: readonly string[];
}

interface Sources {
  readonly pay: SourceScript;
  readonly login: SourceScript;
  readonly aux: SourceScript;
}

/** Draws a scenario: sources of all kinds, rules of all kinds, events with disorder and repetitions, and changes on the way. */
export function drawScenario(random: SimulatedRandom): Scenario {
  const keyedPartitions = random.between(1, 2);
  const shared = random.between(1, 2);
  const pay = drawSource(random, 'pay', 'pay', shared, 'card', ['pay', 'pay', 'open', 'close', 'a', 'b']);
  const login = drawSource(random, 'login', 'login', random.between(1, 2), undefined, ['login', 'logout']);
  // sorts before the others, so that its coming moves their numbers in the table of inputs
  const aux = drawSource(random, 'aux', 'aux', shared, 'card', ['open', 'close']);
  const windows = { velocityMs: random.pick([800, 2_000]), velocityOver: random.pick([1, 2]), sequenceMs: random.pick([1_000, 3_000]) };
  const rules = drawRules(random, windows);
  const lengthMs = random.pick([4_000, 12_000, 25_000]);
  const change = new ControlWriter();
  const opening: ControlRecord[] = [change.source(pay), change.source(login)];
  opening.push(...rules.filter(({ id }) => random.chance(id === 'velocity' || id === 'sequence' ? 0.9 : 0.75)).map((rule) => change.rule(rule)));
  const script: ScriptStep[] = [...drawChanges(random, change, rules, { pay, login, aux }, lengthMs)];
  const events = new EventWriter(random);
  for (const [source, count] of [[pay, random.between(8, 36)], [login, random.between(4, 20)], [aux, random.between(0, 8)]] as const) script.push(...events.of(source, count, lengthMs));
  const savepoints = drawSavepoints(random.fork('savepoints'), change, lengthMs);
  script.push(...savepoints);
  script.sort((a, b) => a.atMs - b.atMs);
  const taskSlots = keyedPartitions + pay.partitions + login.partitions + 1;
  return {
    keyedPartitions,
    taskSlots,
    limits: drawLimits(random),
    topics: [
      ...OUTPUTS.map((topic) => ({ topic, partitions: OUTPUT_PARTITIONS })),
      { topic: TOPICS.control, partitions: 1 },
      { topic: TOPICS.journal, partitions: taskSlots },
      { topic: TOPICS.state, partitions: taskSlots, compacted: true },
      { topic: TOPICS.rekey, partitions: keyedPartitions },
      ...[pay, login, aux].map(({ topic, partitions }) => ({ topic, partitions })),
    ],
    opening,
    script,
    events: events.count,
    savepoints: savepoints.length,
    windows,
  };
}

function drawLimits(random: SimulatedRandom): RunnerLimits {
  return {
    ...runnerLimits,
    fetchBytes: random.pick([200, 2_000, runnerLimits.fetchBytes]),
    fetchesAhead: random.between(1, 2),
    historiesAtOnce: random.pick([1, 4]),
    eventsPerTransaction: random.pick([2, 20, runnerLimits.eventsPerTransaction]),
    effectsPerTransaction: random.pick([1, runnerLimits.effectsPerTransaction]),
    recordsPerLook: random.pick([1, 256]),
    keysPerTransactionMin: random.pick([0, 1, 1, 2]),
    keysPerTransaction: random.pick([1, 3, 100]),
    flushWithinMs: random.pick([1_000, 15_000]),
    trimEveryMs: random.pick([500, 5_000, Infinity]),
    quietCommitMs: random.pick([50, 1_000]),
    entriesPerFloor: random.pick([1, 3, runnerLimits.entriesPerFloor]),
    awakeKeys: random.pick([0, 1, runnerLimits.awakeKeys]),
  };
}

function drawSource(random: SimulatedRandom, name: string, topic: string, partitions: number, partitionedBy: string | undefined, types: readonly string[]): SourceScript {
  const disorderMs = random.pick([0, 0, 300, 1_500]);
  const repeats = random.chance(0.3);
  const definition = {
    topic,
    eventTime: { field: 'ts' },
    type: { field: 'type' },
    id: { field: 'id' },
    ...(partitionedBy === undefined ? {} : { partitionedBy }),
    disorder: disorderMs,
    idleAfter: random.pick([400, 2_000, 3_600_000]),
    // says how far history goes back
    ...(random.chance(0.5) ? { maxAhead: 500 } : {}),
    ...(repeats ? { dedupe: 600_000 } : {}),
  };
  return { name, topic, partitions, definition, disorderMs, repeats, types };
}

// ------------------------------------------------------------------ rules

export function drawRules(random: SimulatedRandom, windows: Windows): RuleDocument[] {
  const count = (name: string, over: number): JsonValue => ({ fact: name, operator: 'greaterThan', value: over });
  const emits = random.chance(0.5);
  return [
    {
      id: 'velocity', from: 'pay', key: 'card', on: 'pay',
      let: { n: { count: true, on: 'pay', window: windows.velocityMs } },
      when: count('n', windows.velocityOver), policy: { fire: { once: windows.velocityMs } },
      onChange: 'keep', alert: { type: 'velocity', include: ['n'] },
    },
    {
      id: 'sequence', from: 'pay', key: 'card', pattern: { stages: [{ as: 'a', on: 'a' }, { as: 'b', on: 'b' }], within: windows.sequenceMs },
      alert: { type: 'sequence', include: ['a.amount', 'b.amount'] },
    },
    {
      id: 'silence', from: random.pick(['pay', ['pay', 'aux']]), key: 'card',
      pattern: { stages: [{ as: 'opened', on: 'open' }, { absent: { on: 'close' }, for: random.pick([700, 2_500]), resolve: true }] },
      alert: { type: 'silence', include: ['opened.amount'] },
    },
    {
      id: 'watched', from: 'pay', key: 'user', when: { fact: 'user', operator: 'inList', value: 'watch' },
      let: { total: { sum: 'amount', window: 5_000 }, before: { previous: ['amount'] } },
      alert: { type: 'watched', include: ['total', 'before.amount'] },
    },
    {
      id: 'devices', from: 'login', key: 'device', on: 'login', let: { users: { distinct: 'user', window: 3_000 } }, when: count('users', 1),
      policy: { fire: random.pick<JsonValue>([{ once: 1_000 }, 'reset', { rearmWhen: { fact: 'amount', operator: 'lessThan', value: 50 } }]) },
      ...(emits ? { emit: { signal: 'shared', fields: { card: 'user', device: 'device' } } } : {}), alert: { type: 'devices', include: ['users'] },
    },
    {
      id: 'joined', from: ['pay', 'login'], key: 'user', pattern: { stages: [{ as: 'entry', on: 'login' }, { as: 'paid', on: 'pay', follow: 'followedByAny' }], within: 4_000, skip: 'none' },
      alert: { type: 'joined', include: ['entry.device', 'paid.amount'] },
    },
    {
      id: 'hot', from: 'pay', key: 'card', let: { n: { count: true, window: 3_000 } }, when: count('n', 1), emit: { signal: 'hot', fields: { card: 'card', n: 'n' } },
    },
    {
      id: 'chain', from: 'signals', key: 'card', let: { n: { count: true, window: 5_000 } }, when: count('n', 1), policy: { fire: { once: 500 } },
      alert: { type: 'chain', include: ['n', 'rule'] }, ...(random.chance(0.3) ? { on: 'hot' } : {}),
    },
    {
      id: 'quiet', from: 'login', key: 'user', pattern: { stages: [{ as: 'entry', on: 'login' }, { absent: { on: 'logout' }, for: 1_500 }] },
      alert: { type: 'quiet', include: ['entry.device'] },
    },
    ...random.shuffled(MORE_RULES(windows)).slice(0, random.between(0, 4)),
  ] as unknown as RuleDocument[];
}

/** One of each form that keeps something of its own kind. */
const MORE_RULES = (windows: Windows): readonly object[] => [
  {
    id: 'same-window', from: 'pay', key: 'card', on: 'pay', let: { m: { count: true, on: 'pay', window: windows.velocityMs } },
    when: { fact: 'm', operator: 'equal', value: 2 }, alert: { type: 'same-window', include: ['m'] },
  },
  {
    id: 'forms', from: 'pay', key: 'user', when: { fact: 'amount', operator: 'greaterThan', value: 60 },
    let: {
      sights: { seen: 'device', ttl: 3_000 }, level: { decay: 'amount', halfLife: 1_000 }, usual: { baseline: 'amount', window: 4_000, current: 'exclude' }, days: { seasonal: { count: true }, bucket: 'hourOfDay', seasons: 2 },
      cards: { collect: 'card', distinct: true, limit: 2, window: 4_000 }, high: { max: 'amount', window: { sliding: 4_000, resolution: 1_000 } }, run: { count: true, window: { session: 700 } }, since: { sum: 'amount', window: 9_000, since: { fact: 'type', operator: 'equal', value: 'open' } },
    },
    policy: { fire: { once: 2_000, per: ['device'] } }, alert: { type: 'forms', include: ['sights.new', 'level', 'usual.n', 'days.n', 'cards', 'high', 'run', 'since'] },
  },
  {
    id: 'tries', from: ['login', 'pay'], key: 'card', alert: { type: 'tries', include: ['ins.count'] },
    pattern: { stages: [{ as: 'ins', on: 'login', times: { min: 2, max: 3 }, span: 3_000 }, { not: { on: 'open' } }, { as: 'paid', on: 'pay' }], within: 5_000, onTimeout: 'signal' },
  },
  {
    id: 'beats', from: 'pay', key: 'card', alert: { type: 'beats' },
    pattern: { stages: [{ as: 'beat', on: 'pay' }, { absent: { on: 'pay' }, for: 1_200, resolve: 2_000 }] },
  },
  {
    id: 'any-order', from: 'login', key: 'device', alert: { type: 'any-order' },
    pattern: { stages: [{ allOf: [{ as: 'first', on: 'login' }, { as: 'second', on: 'logout' }], span: 4_000 }], within: 4_000, skip: 'toNext' },
  },
  {
    id: 'warned', from: ['signals', 'login'], key: 'device', pattern: { stages: [{ as: 'warning', on: 'shared' }, { as: 'after', on: 'login' }], within: 6_000 }, alert: { type: 'warned', include: ['after.user'] },
  },
];

export type RuleDocument = { readonly id: string; readonly [name: string]: JsonValue };
/** A change that is told when it is made: numbers go up in the order of the topic, a source that comes back begins at the topic's ends. */
type Change = (endsOf: (topic: string) => readonly number[]) => ControlRecord | null;

function drawChanges(random: SimulatedRandom, change: ControlWriter, rules: readonly RuleDocument[], sources: Sources, lengthMs: number): ScriptStep[] {
  // the rules that are counted by hand as well stay as they are, mostly
  const changing = random.chance(0.3) ? rules : rules.filter(({ id }) => id !== 'velocity' && id !== 'sequence');
  const times = Array.from({ length: random.between(0, 8) }, () => random.between(0, lengthMs)).sort((a, b) => a - b);
  let auxDeclared = 0;
  const draw = (): Change => {
    const rule = random.pick(changing);
    switch (random.below(10)) {
      case 0:
      case 1:
      case 2: {
        const [set, remove] = [random.pick(USERS), random.pick(USERS)];
        return () => change.list([set], [remove]);
      }
      case 3:
        return () => change.rule(rule, 'retired');
      case 4:
        return () => change.rule(rule, 'paused');
      case 5: {
        const anew = random.chance(0.6);
        const warm = random.chance(0.5);
        return () => change.rule(rule, 'active', anew, warm);
      }
      case 6: {
        const warm = random.chance(0.5);
        return () => change.rule(rule, 'shadow', true, warm);
      }
      case 7: {
        if (auxDeclared % 2 === 1 && random.chance(0.5)) {
          auxDeclared++;
          return () => change.source({ ...sources.aux, definition: null });
        }
        const again = auxDeclared > 1;
        auxDeclared += 1 - (auxDeclared % 2);
        return (endsOf) => change.source(sources.aux, again ? endsOf(sources.aux.topic) : undefined);
      }
      case 8: {
        const source = random.pick([sources.pay, sources.login]);
        const definition = { ...(source.definition as Record<string, JsonValue>), disorder: random.pick([0, 300, 800]), idleAfter: random.pick([400, 2_000]) };
        return source === sources.pay && changing !== rules ? () => null : () => change.source({ ...source, definition });
      }
      default:
        return () => null;
    }
  };
  const steps = times.map((atMs) => ({ atMs, made: draw() }));
  const more = random.fork('warm-ups');
  for (let n = more.chance(0.4) ? more.between(1, 3) : 0; n > 0; n--) {
    const [rule, status] = [more.pick(changing), more.pick(['active', 'active', 'active', 'shadow'] as const)];
    steps.push({ atMs: more.between(0, lengthMs), made: () => change.rule(rule, status, true, true) });
  }
  return steps.map(({ atMs, made }) => {
    return {
      atMs,
      topic: TOPICS.control,
      records: (endsOf) => {
        const record = made(endsOf);
        return [{ partition: 0, key: null, value: record === null ? 'not a record' : JSON.stringify(record) }];
      },
    };
  });
}

/** In some seeds savepoints are asked for on the way; a record may come twice. */
function drawSavepoints(random: SimulatedRandom, change: ControlWriter, lengthMs: number): ScriptStep[] {
  const count = random.chance(0.4) ? random.between(1, 2) : 0;
  return Array.from({ length: count }, (_, n) => {
    const twice = random.chance(0.2);
    return {
      atMs: random.between(0, lengthMs),
      topic: TOPICS.control,
      records: () => {
        const value = JSON.stringify(change.savepoint(`s${n}`));
        return (twice ? [value, value] : [value]).map((one) => ({ partition: 0, key: null, value: one }));
      },
    };
  });
}

/** Makes control records with their numbers; remembers the versions. */
class ControlWriter {
  private number = 0;
  private readonly versions = new Map<string, number>();
  /** versions whose state is rebuilt from history */
  private readonly warm = new Set<string>();

  source({ name, definition, partitions }: SourceScript, startOffsets: readonly number[] = new Array<number>(partitions).fill(0)): ControlRecord {
    return { kind: 'source', change: this.next(), name, definition, startOffsets: [...startOffsets] };
  }

  rule(rule: RuleDocument, status: 'active' | 'shadow' | 'paused' | 'retired' = 'active', anew = false, warm = false): ControlRecord {
    const version = (this.versions.get(rule.id) ?? 1) + (anew ? 1 : 0);
    this.versions.set(rule.id, version);
    if (anew && warm) this.warm.add(`${rule.id}@${version}`);
    const document = { ...rule, ...(version > 1 ? { name: `version ${version}` } : {}), ...(this.warm.has(`${rule.id}@${version}`) ? { onChange: 'warmup' } : {}) };
    return { kind: 'rule', change: this.next(), ruleId: rule.id, version, status, document };
  }

  list(set: readonly string[], remove: readonly string[]): ControlRecord {
    return { kind: 'list', change: this.next(), name: 'watch', replace: false, set: set.map((value) => ({ value, expiresAt: null })), remove: [...remove] };
  }

  savepoint(id: string): ControlRecord {
    return { kind: 'savepoint', change: this.next(), id, at: 0 };
  }

  private next(): { catalogue: string; number: number } {
    return { catalogue: 'sim', number: ++this.number };
  }
}

// ------------------------------------------------------------------ events

const CARDS = ['c1', 'c2', 'c3', 'c4'];
export const USERS = ['u1', 'u2', 'u3'];
const DEVICES = ['d1', 'd2'];

class EventWriter {
  count = 0;

  constructor(private readonly random: SimulatedRandom) {}

  /** Events of one source, spread over the time with pauses between bursts, some late, some twice, some that cannot be read. */
  of(source: SourceScript, count: number, lengthMs: number): ScriptStep[] {
    const { random } = this;
    const steps: ScriptStep[] = [];
    let atMs = 0;
    let last: NewRecord | null = null;
    for (let n = 0; n < count; n++) {
      if (random.chance(0.4)) atMs += random.between(0, Math.ceil((2.5 * lengthMs) / count));
      const again = last !== null && random.chance(source.repeats ? 0.25 : 0.02);
      const record: NewRecord = again ? (last as NewRecord) : random.chance(0.02) ? this.unreadable(source) : this.event(source, Math.floor(atMs));
      last = record;
      steps.push({ atMs, topic: source.topic, records: () => [record] });
    }
    return steps;
  }

  private event(source: SourceScript, atMs: number): NewRecord {
    const { random } = this;
    const card = random.pick(CARDS);
    const back = source.disorderMs === 0 ? (random.chance(0.04) ? 1_000 : 0) : random.between(0, Math.floor(source.disorderMs * 1.1));
    // a text that is too long for a key
    const user = random.chance(0.01) ? 'u'.repeat(5_000) : random.pick(USERS);
    const value = { id: `${source.name}-${++this.count}`, ts: START_MS + atMs - back, type: random.pick(source.types), card, user, device: random.pick(DEVICES), amount: random.between(1, 100) };
    return { partition: partitionOf(encodeUtf8(card), source.partitions), key: card, value: JSON.stringify(value) };
  }

  private unreadable(source: SourceScript): NewRecord {
    this.count++;
    return { partition: this.random.below(source.partitions), key: null, value: this.random.pick(['{"id":1', '[]', '{"type":"pay"}', null]) };
  }
}
