import { describe, expect, it } from '@jest/globals';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { encodeUtf8 } from '../../src/state/bytes.js';
import { partitionOf } from '../../src/stream/partitioner.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { drawRules, type RuleDocument } from '../simulation/task-scenario.js';
import { TaskNetwork, type Choose, type Topics } from './task-network.js';

const SEEDS = 60;

interface World {
  readonly control: readonly ControlRecord[];
  readonly topics: Topics;
  readonly lengthMs: number;
}

function drawWorld(random: SimulatedRandom): World {
  const pay = random.between(1, 3);
  const login = random.between(1, 3);
  const rules = random.shuffled(drawRules(random, { velocityMs: 2_000, velocityOver: 1, sequenceMs: 3_000 })).slice(0, random.between(3, 9)).filter(({ from }) => !String(from).includes('aux'));
  const control: ControlRecord[] = [source(1, 'pay', pay, random, 'card'), source(2, 'login', login, random)];
  // both rules that others read signals of, or none: whoever waits for a signal that never comes waits for nothing
  for (const rule of rules) control.push({ kind: 'rule', change: { catalogue: 'c', number: control.length + 1 }, ruleId: rule.id, version: 1, status: 'active', document: rule });
  changeSome(random, control, rules);
  const lengthMs = random.pick([5_000, 20_000]);
  const topics = new Map<string, string[]>();
  for (const [name, partitions] of [['pay', pay], ['login', login]] as const) for (let n = 0; n < partitions; n++) topics.set(`${name}/${n}`, []);
  const count = random.between(20, 90);
  for (let n = 0; n < count; n++) {
    const name = random.chance(0.6) ? 'pay' : 'login';
    const event = drawEvent(random, name, n, Math.floor((n * lengthMs) / count));
    topics.get(`${name}/${partitionOf(encodeUtf8(event.card), name === 'pay' ? pay : login)}`)?.push(JSON.stringify(event));
  }
  return { control, topics, lengthMs };
}

function source(number: number, name: string, partitions: number, random: SimulatedRandom, partitionedBy?: string): ControlRecord {
  const definition = { topic: name, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, ...(partitionedBy === undefined ? {} : { partitionedBy }), disorder: random.pick([0, 400]), ...(random.chance(0.3) ? { dedupe: 600_000 } : {}) };
  return { kind: 'source', change: { catalogue: 'c', number }, name, definition, startOffsets: new Array<number>(partitions).fill(0) };
}

/** Versions that keep or begin anew, rules that go and come: parts and layouts then have a past. */
function changeSome(random: SimulatedRandom, control: ControlRecord[], rules: readonly RuleDocument[]): void {
  for (let n = random.below(4); n > 0 && rules.length > 0; n--) {
    const rule = random.pick(rules);
    const version = random.between(1, 2);
    control.push({ kind: 'rule', change: { catalogue: 'c', number: control.length + 1 }, ruleId: rule.id, version, status: random.pick(['active', 'active', 'shadow', 'retired']), document: version === 1 ? rule : { ...rule, name: 'again' } });
  }
}

/** No two events have the same time: which comes first is then for nobody to choose. */
function drawEvent(random: SimulatedRandom, source: 'pay' | 'login', n: number, atMs: number): { readonly card: string } {
  const types = source === 'pay' ? ['pay', 'pay', 'open', 'close', 'a', 'b'] : ['login', 'login', 'logout'];
  const back = random.chance(0.3) ? random.between(0, 450) : 0;
  return { id: `${source}-${random.chance(0.05) ? 0 : n}`, ts: 1_000_000 + (atMs - back) * 100 + n, type: random.pick(types), card: random.pick(CARDS), user: random.pick(['u', 'v', 'w']), device: random.pick(['d', 'e', 'f', 'g']), amount: random.between(1, 100) } as { readonly card: string };
}

/** What events have, and something that rules once read. */
const PATHS = ['card', 'user', 'device', 'amount', 'gone', 'ts', 'type', 'id'];
const CARDS = ['c1', 'c2', 'c3', 'c4'];

/** What a run says, without what depends on how far tasks were when the first event came. */
function said(alerts: readonly string[]): string[] {
  return alerts.map((json) => json.replace(/"warm":(true|false)/, '"warm":_')).sort();
}

describe('a savepoint at any place, restored on any number of keyed tasks', () => {
  const choices = (random: SimulatedRandom): Choose => (count) => (count === 0 ? 0 : random.below(count));

  it('gives the alerts of a run that was never interrupted', async () => {
    let alerts = 0;
    let after = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new SimulatedRandom(seed);
      const { control, topics, lengthMs } = drawWorld(random);
      const [before, now, later] = [random.between(1, 4), random.between(1, 5), random.between(1, 5)];
      const unbroken = new TaskNetwork(before, topics, control);
      const choose = choices(random.fork('unbroken'));
      unbroken.finish(choose, 1_000_000 + lengthMs * 100 + 60_000);
      const other = choices(random.fork('broken'));
      const layouts = random.fork('layouts');
      let network = new TaskNetwork(before, topics, control, () => (layouts.chance(0.5) ? layouts.shuffled(PATHS).slice(2) : []));
      const heard: string[] = [];
      for (const partitions of [now, later]) {
        for (let n = random.below(60); n > 0; n--) network.step(other);
        const saved = network.savepoint();
        heard.push(...network.alerts);
        network = await TaskNetwork.restore(saved, partitions, topics);
      }
      network.finish(other, 1_000_000 + lengthMs * 100 + 60_000);
      after += network.alerts.length;
      heard.push(...network.alerts);
      try {
        expect(said(heard)).toEqual(said(unbroken.alerts));
      } catch (error) {
        throw new Error(`seed ${seed}, ${before} → ${now} → ${later} keyed tasks`, { cause: error });
      }
      alerts += heard.length;
    }
    expect(alerts).toBeGreaterThan(SEEDS * 5);
    expect(after).toBeGreaterThan(SEEDS);
  }, 240_000);
});
