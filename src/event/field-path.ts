import type { FieldValue, JsonValue } from './stream-event.js';

/** One step of a path: a property name, an array index, or `*` (every element, which makes the value a list). */
export type PathStep = string | number | '*';

const STEP = /(?:^|\.)([A-Za-z_$@][\w$@-]*)|\[(\d{1,6}|\*)\]/y;

/**
 * Splits `a.b[0].c[*].d` into steps.
 * @returns null where the text is not a path of the safe subset (names, indexes, `[*]`; no filters, no scripts)
 */
export function parsePath(path: string): readonly PathStep[] | null {
  const steps: PathStep[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const found = STEP.exec(path);
    if (!found) return null;
    if (found[1] !== undefined) steps.push(found[1]);
    else steps.push(found[2] === '*' ? '*' : Number(found[2]));
  }
  return steps.length > 0 && typeof steps[0] === 'string' && steps[0] !== '*' ? steps : null;
}

/** Reads the value at `steps` of a parsed document; `undefined` where it has none. Own properties only. */
export function readPath(root: JsonValue, steps: readonly PathStep[], from = 0): FieldValue {
  let value: FieldValue = root;
  for (let i = from; i < steps.length; i++) {
    const step = steps[i] as PathStep;
    if (value === null || typeof value !== 'object') return undefined;
    if (step === '*') {
      if (!Array.isArray(value)) return undefined;
      const list: JsonValue[] = [];
      for (const item of value as readonly JsonValue[]) {
        const found = readPath(item, steps, i + 1);
        if (found !== undefined) list.push(found);
      }
      return list;
    }
    if (typeof step === 'number') value = Array.isArray(value) ? (value as readonly JsonValue[])[step] : undefined;
    else value = !Array.isArray(value) && Object.hasOwn(value, step) ? (value as { readonly [name: string]: JsonValue })[step] : undefined;
  }
  return value;
}
