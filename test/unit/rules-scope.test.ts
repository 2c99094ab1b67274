import { describe, expect, it } from '@jest/globals';
import type { MatchView } from '../../src/event/match-view.js';
import { SlotLayout } from '../../src/event/slot-layout.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../src/event/stream-event.js';
import { compileCondition } from '../../src/rules/conditions/compile-condition.js';
import { compileTemplate } from '../../src/rules/message-template.js';
import { eventOf, newScope } from '../differential/condition-kit.js';

const stages = new Map([['payee', { index: 0 }], ['fails', { index: 1 }], ['none', { index: 2 }]]);

/** The fact's value where stage 0 took one event and stage 1 three. */
function read(name: string): FieldValue {
  const layout = new SlotLayout();
  const lets = new Map([['n', layout.slotOf('let:n')], ['d', layout.slotOf('let:d')]]);
  const scope = newScope({ layout, lets, stages });
  const fact = scope.resolve(name);
  if (fact.kind === 'refused') throw new Error(fact.message);
  const event = (payload: JsonValue, ts: number, n: number): StreamEvent => {
    const made = eventOf(layout, payload, { ts, type: 'login', id: `e${ts}`, source: 'web' });
    const fields = [...made.fields];
    fields[lets.get('n') as number] = n;
    fields[lets.get('d') as number] = { new: true, firstSeenTs: ts };
    return { ...made, fields };
  };
  const taken = [[event({ payeeId: 'p1', count: 9, id: 'own' }, 10, 1)], [event({ ip: 'a', amount: 5 }, 20, 2), event({ ip: 'b', amount: 'x' }, 30, 3), event({ ip: 'a', amount: 7, tags: [1] }, 40, 4)], []];
  const match: MatchView = { count: (stage) => taken[stage]?.length ?? 0, at: (stage, i) => taken[stage]?.[i] };
  return fact.read(event({ ip: 'z', count: 3 }, 50, 5), match);
}

describe('facts of earlier stages and entries', () => {
  it.each<[string, FieldValue]>([
    ['payee.payeeId', 'p1'],
    ['payee.ts', 10],
    ['payee.id', 'own'],
    ['payee.event.id', 'e10'],
    ['payee.event.type', 'login'],
    ['payee.count', 1],
    ['payee.last.count', 9],
    ['payee.nothing', undefined],
    ['payee.n', 1],
    ['payee.d.firstSeenTs', 10],
    ['fails.count', 3],
    ['fails.ip', 'a'],
    ['fails.first.ts', 20],
    ['fails.last.ts', 40],
    ['fails.first.ip', 'a'],
    ['fails.last.tags[0]', 1],
    ['fails.sum.amount', 12],
    ['fails.avg.amount', 6],
    ['fails.min.amount', 5],
    ['fails.max.amount', 7],
    ['fails.distinct.ip', 2],
    ['fails.values.ip', ['a', 'b', 'a']],
    ['fails.values.n', [2, 3, 4]],
    ['fails.max.ts', 40],
    ['none.count', 0],
    ['none.ip', undefined],
    ['none.first.ip', undefined],
    ['none.sum.amount', 0],
    ['none.avg.amount', undefined],
    ['none.min.amount', undefined],
    ['none.distinct.ip', 0],
    ['n', 5],
    ['d.new', true],
    ['d.nothing', undefined],
    ['ip', 'z'],
    ['$.count', 3],
  ])('%s is %j', (name, expected) => {
    expect(read(name)).toEqual(expected);
  });

  it('says which slots and events of a stage are read', () => {
    const layout = new SlotLayout();
    const scope = newScope({ layout, stages });
    compileCondition({ all: [{ fact: 'ip', operator: 'equal', value: { fact: 'payee.ip' } }, { cel: 'fails.count > 2 && fails.sum.amount > 5 && fails.first.ts > 0' }] }, scope);
    expect([...scope.captureSlots].map((slot) => layout.paths()[slot])).toEqual(['ip', 'amount']);
    expect([...scope.stageReads].map(([stage, reads]) => [stage, [...reads]])).toEqual([[0, ['last']], [1, ['count', 'all', 'first']]]);
  });
});

describe('message templates', () => {
  it('fills in facts, and ? for those without a value', () => {
    const scope = newScope({ params: { limit: 5 } });
    const template = compileTemplate('{{amount}} over {{ params.limit }} by {{who.name}}: {{tags}} {{long}}', scope);
    const match: MatchView = { count: () => 0, at: () => undefined };
    expect(template(eventOf(scope.layout, { amount: 7, tags: ['a'], long: 'x'.repeat(300) }), match)).toBe(`7 over 5 by ?: ["a"] ${'x'.repeat(200)}…`);
  });
});
