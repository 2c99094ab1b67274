import { describe, expect, it } from '@jest/globals';
import type { ControlRecord } from '../../src/engine/control/control.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { WarmNetwork } from './warm-network.js';

const SEEDS = 300;
const CARDS = ['a', 'b', 'c', 'd'];

interface World {
  readonly topics: ReadonlyMap<string, readonly string[]>;
  readonly sources: readonly ControlRecord[];
  readonly rule: (version: number, warm: boolean, status?: 'active' | 'shadow') => ControlRecord;
}

/** Sources and a rule of any kind, over one or two partitions, with disorder and repetitions. */
function drawWorld(random: SimulatedRandom): World {
  const partitions = random.between(1, 2);
  const two = random.chance(0.4);
  const byCard = random.chance(0.5);
  const topics = new Map<string, string[]>();
  const sources: ControlRecord[] = [];
  for (const name of two ? ['pay', 'login'] : ['pay']) {
    const disorder = random.pick([0, 0, 2_000]);
    const dedupe = random.chance(0.4);
    const definition = { topic: name, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, disorder, ...(byCard ? { partitionedBy: 'card' } : {}), ...(dedupe ? { dedupe: '1h' } : {}) };
    sources.push({ kind: 'source', change: { catalogue: 'c', number: sources.length + 1 }, name, definition, startOffsets: new Array<number>(partitions).fill(0) });
    drawEvents(random, name, partitions, disorder, dedupe, topics);
  }
  const from = two ? ['pay', 'login'] : 'pay';
  const kind = random.pick([
    { let: { n: { count: true, window: '8s' } }, when: { fact: 'n', operator: 'greaterThanInclusive', value: 3 } },
    { let: { n: { sum: 'amount', window: '6s' }, p: { previous: ['amount'] } }, when: { fact: 'n', operator: 'greaterThan', value: 150 }, policy: { fire: { once: '5s' } } },
    { pattern: { stages: [{ as: 'a', on: 'x' }, { as: 'b', on: 'y' }], within: '10s' } },
    { pattern: { stages: [{ as: 'a', on: 'x' }, { not: { on: 'z' } }, { as: 'b', on: 'y' }], within: random.pick(['8s', 7_999]), onTimeout: 'signal' } },
    { pattern: { stages: [{ as: 'a', on: 'x' }, { absent: { on: 'y' }, for: random.pick(['4s', 3_999]), resolve: true }] } },
    { pattern: { stages: [{ as: 'a', on: 'x', times: { min: 2 } }, { as: 'b', on: 'z' }], within: '9s', emit: 'ordered', skip: 'none' } },
  ]) as JsonValue & object;
  let number = sources.length;
  const rule: World['rule'] = (version, warm, status = 'active') => ({
    kind: 'rule', change: { catalogue: 'c', number: ++number }, ruleId: 'r', version, status,
    document: { id: 'r', from, key: 'card', alert: { type: 'r' }, ...kind, ...(warm ? { onChange: 'warmup' } : {}) },
  });
  return { topics, sources, rule };
}

function drawEvents(random: SimulatedRandom, name: string, partitions: number, disorderMs: number, dedupe: boolean, topics: Map<string, string[]>): void {
  for (let p = 0; p < partitions; p++) topics.set(`${name}/${p}`, []);
  // times that are equal, or the end of a window, are common; those of one source never are another's, or it would matter which is read first
  let ts = name === 'pay' ? 1_000_000 : 1_000_250;
  for (let n = random.between(10, 50); n > 0; n--) {
    ts += 500 * random.between(0, 4);
    const card = random.below(CARDS.length);
    const event = JSON.stringify({ id: `${name}${n}`, ts: ts - 500 * random.between(0, disorderMs / 500), type: random.pick(['x', 'y', 'z']), card: CARDS[card], amount: random.between(1, 100) });
    const topic = topics.get(`${name}/${card % partitions}`) as string[];
    topic.push(event);
    if (dedupe && random.chance(0.2)) topic.push(event);
  }
}

/** What a run says: of each alert all but the version, and whether it was warm. */
const said = (alerts: readonly string[]): string[] => alerts.filter((json) => !json.includes('"shadow":true')).map((json) => json.replace(/"(id|version)":("[0-9a-f]{32}"|\d+)/g, '').replace(/"warm":(true|false)/, '')).sort();

describe('a rule that is changed at any place, and rebuilt from history while the rest goes on', () => {
  it('says what it would have said without the change, each once, whatever is done first and however often it is opened again', () => {
    let after = 0;
    let joins = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new SimulatedRandom(seed);
      const { topics, sources, rule } = drawWorld(random);
      const choose = random.fork('order');
      const pick = (count: number): number => (count === 0 ? 0 : choose.below(count));
      const first = [...sources, rule(1, false)];
      const unbroken = new WarmNetwork(topics, first, first.length, pick, false);
      unbroken.finish(2_000_000);
      const shadow = random.chance(0.3) ? [rule(2, true, 'shadow')] : [];
      const changes = [...shadow, rule(2, true), ...(random.chance(0.3) ? [rule(3, true)] : []), ...(random.chance(0.2) ? [rule(4, false)] : [])];
      const changed = new WarmNetwork(topics, [...first, ...changes], first.length, pick, random.chance(0.6));
      changed.finish(2_000_000);
      try {
        expect(said(changed.alerts)).toEqual(said(unbroken.alerts));
        expect([...changed.side].sort()).toEqual([...unbroken.side].sort());
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      after += changed.alerts.filter((json) => !json.includes('"version":1,')).length;
      joins += changed.joins;
    }
    expect(after).toBeGreaterThan(SEEDS);
    expect(joins).toBeGreaterThan(SEEDS);
  }, 120_000);
});
