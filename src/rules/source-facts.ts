import type { SourceFacts } from './check/check-state.js';
import type { FieldSchema, SourceDefinition } from './source-schema.js';

/** What the declarations of a rule's sources say of them all: the types that can come, where each source has only named ones. */
export function sourceFacts(sources: readonly SourceDefinition[]): SourceFacts {
  const types = new Set<string>();
  for (const source of sources) {
    const own = typesOf(source);
    if (own === null) return {};
    for (const type of own) types.add(type);
  }
  return sources.length === 0 ? {} : { types };
}

/** Null where any type can come. */
function typesOf({ type, schema }: SourceDefinition): readonly string[] | null {
  if ('value' in type) return [type.value];
  let at: FieldSchema | undefined = schema;
  for (const name of type.field.split('.')) at = at?.properties?.[name];
  // the schema keeps keywords that it does not know, as they were written
  const { enum: values } = (at ?? {}) as { readonly enum?: unknown };
  return Array.isArray(values) && values.every((value) => typeof value === 'string') ? values : null;
}
