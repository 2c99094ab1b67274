import { readFileSync } from 'node:fs';
import type { JsonValue } from '../../src/event/stream-event.js';

/** W5C is the conditions of W5 alone, without its windows: what an engine without state can do. */
export const WORKLOADS = ['W1', 'W2', 'W3', 'W4', 'W5', 'W5C', 'W6'] as const;
export type Workload = (typeof WORKLOADS)[number];

/** The rules of a workload, each with its id. @param count of W5 and W5C: how many rules, one for each merchant */
export function rulesOf(workload: Workload, count: number): JsonValue[] {
  const rule = JSON.parse(readFileSync(new URL(`rules/${workload.toLowerCase()}.json`, import.meta.url), 'utf8')) as Readonly<Record<string, JsonValue>>;
  if (workload !== 'W5' && workload !== 'W5C') return [rule];
  return Array.from({ length: count }, (_, i) => ({ ...rule, id: `merchant-limit-${i}`, params: { merchant: `m${String(i).padStart(5, '0')}`, limit: 1_000 + i } }));
}
