import type { JsonValue } from '../../event/stream-event.js';

/** Sources of the demo, by name. */
export const DEMO_SOURCES: Readonly<Record<string, JsonValue>> = {
  payments: {
    topic: 'payments',
    eventTime: { field: 'ts' },
    type: { field: 'type' },
    // whoever sends an event by hand is not late beside the generator
    disorder: '2s',
    id: { field: 'id' },
    partitionedBy: 'card',
    partitions: 4,
  },
  accounts: {
    topic: 'accounts',
    eventTime: { field: 'ts' },
    type: { field: 'type' },
    disorder: '2s',
    id: { field: 'id' },
    partitionedBy: 'account',
    partitions: 2,
  },
};

/** Four rules that people really run: a threshold, two sequences and an absence; one is keyed by another field than its source. */
export const DEMO_RULES: readonly JsonValue[] = [
  {
    id: 'card-velocity',
    name: 'More than five payments with one card in ten minutes',
    severity: 'medium',
    tags: ['demo', 'card'],
    params: { maxCount: 5, window: '10m' },
    from: 'payments',
    key: 'card',
    on: ['payment.approved', 'payment.declined'],
    let: { attempts: { count: true, window: { cel: 'params.window' } } },
    when: { fact: 'attempts', operator: 'greaterThan', value: { fact: 'params.maxCount' } },
    policy: { fire: { once: '10m' } },
    alert: { type: 'card-velocity', message: '{{attempts}} payments in ten minutes' },
  },
  {
    id: 'small-then-large',
    name: 'Three small payments, then a large one',
    severity: 'high',
    tags: ['demo', 'card', 'testing'],
    params: { smallMax: 200, largeMin: 20000 },
    from: 'payments',
    key: 'card',
    pattern: {
      stages: [
        { as: 'tests', on: 'payment.approved', times: 3, where: { fact: 'amountMinor', operator: 'lessThanInclusive', value: { fact: 'params.smallMax' } } },
        { as: 'large', on: 'payment.approved', where: { fact: 'amountMinor', operator: 'greaterThanInclusive', value: { fact: 'params.largeMin' } } },
      ],
      within: '1h',
    },
    alert: { type: 'card-testing', include: ['tests.count', 'large.amountMinor'], message: '{{tests.count}} small payments, then {{large.amountMinor}}' },
  },
  {
    id: 'device-many-cards',
    name: 'Four different cards on one device within an hour',
    severity: 'high',
    tags: ['demo', 'device'],
    from: 'payments',
    key: 'device',
    let: { cards: { distinct: 'card', window: '1h' } },
    when: { fact: 'cards', operator: 'greaterThanInclusive', value: 4 },
    policy: { fire: { once: '1h' } },
    alert: { type: 'device-many-cards', message: '{{cards}} cards on one device' },
  },
  {
    id: 'account-takeover',
    name: 'Password changed, payee added, money sent to it without step-up',
    severity: 'critical',
    tags: ['demo', 'ato'],
    params: { minAmount: 100000 },
    from: 'accounts',
    key: 'account',
    pattern: {
      stages: [
        { as: 'changed', on: 'password.changed' },
        { as: 'added', on: 'payee.added', follow: 'followedByAny' },
        { not: { on: 'stepup.passed' } },
        {
          as: 'sent',
          on: 'transfer.sent',
          where: {
            all: [
              { fact: 'amountMinor', operator: 'greaterThanInclusive', value: { fact: 'params.minAmount' } },
              { fact: 'payee', operator: 'equal', value: { fact: 'added.payee' } },
            ],
          },
        },
      ],
      within: '1h',
    },
    alert: { type: 'account-takeover', include: ['sent.amountMinor', 'added.payee'], message: '{{sent.amountMinor}} to {{added.payee}}' },
  },
];
