/** Puts the entries of a map into the order of their keys. */
export function sortByKey<V>(map: Map<string, V>): void {
  const sorted = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  map.clear();
  for (const [key, value] of sorted) map.set(key, value);
}
