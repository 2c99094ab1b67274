export function sourceOf(topic: string) {
  return { topic, format: 'json', eventTime: { field: 'ts', unit: 'ms' }, type: { field: 'type' }, partitionedBy: 'card' };
}

export function ruleOf(id: string, source: string) {
  return {
    id,
    name: 'Large payment',
    severity: 'high',
    tags: ['test'],
    from: [source],
    key: ['card'],
    on: 'payment',
    when: { all: [{ fact: 'amountMinor', operator: 'greaterThan', value: 100_000 }] },
    alert: { type: 'large-payment', include: ['amountMinor'] },
  };
}

export function eventOf(i: number) {
  return { type: 'payment', ts: 1_767_225_600_000 + i, card: `c${i % 7}`, amountMinor: i };
}
