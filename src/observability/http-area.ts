import { OTHER } from './bounded-labels.js';

const API = ['sources', 'rules', 'rule-packs', 'alerts', 'lists', 'simulate', 'explain', 'cluster', 'audit', 'keys'];
const OUTSIDE = ['health', 'metrics', 'docs', 'openapi.json'];

/** Part of the interface that a path belongs to: one of a fixed few, since paths hold ids and are the caller's to choose. */
export function areaOf(path: string): string {
  const [first = '', second = '', third = ''] = path.split('/').filter((part) => part !== '');
  if (first === '') return 'page';
  if (first === 'api' && second === 'v1') return API.includes(third) ? third : OTHER;
  return OUTSIDE.includes(first) ? first : OTHER;
}
