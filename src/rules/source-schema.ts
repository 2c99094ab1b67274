import { z } from 'zod';
import type { DeclaredFields, ValueType } from './value-type.js';
import { parseDuration } from './duration.js';
import { ruleLimits } from './limits.js';
import { Problems, type Problem } from './problem.js';
import { readJson } from './schema/read-json.js';
import { addIssues } from './schema/zod-problems.js';

const literalDuration = z
  .union([z.string(), z.int()])
  .refine((value) => parseDuration(value) !== null, { error: 'expected a duration such as "10m" or a whole number of ms' })
  .transform((value) => parseDuration(value) ?? 0);

const path = z.string().regex(/^[A-Za-z_$@][\w$@-]*((\.[A-Za-z_$@][\w$@-]*)|(\[\d{1,6}\]))*$/, { error: 'expected a field path such as "payload.ts"' }).max(ruleLimits.pathCharsMax);

const fieldType = z.enum(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);

/** The part of JSON Schema that says which fields there are; other keywords are kept and not looked at. */
export interface FieldSchema {
  type?: z.infer<typeof fieldType> | z.infer<typeof fieldType>[] | undefined;
  properties?: Record<string, FieldSchema> | undefined;
  items?: FieldSchema | undefined;
  additionalProperties?: boolean | undefined;
}

const fieldSchema: z.ZodType<FieldSchema> = z.looseObject({
  type: z.union([fieldType, z.array(fieldType)]).optional(),
  properties: z.record(z.string(), z.lazy((): z.ZodType<FieldSchema> => fieldSchema)).optional(),
  items: z.lazy((): z.ZodType<FieldSchema> => fieldSchema).optional(),
  additionalProperties: z.boolean().optional(),
});

/** The definition of a source. Durations come out in ms, defaults filled in. */
export const sourceSchema = z.strictObject({
  topic: z.string().min(1).max(249).regex(/^[A-Za-z0-9._-]+$/, { error: 'expected letters, digits, ".", "_" and "-"' }),
  format: z.literal('json').default('json'),
  /** unit `iso` is ISO 8601 text with a zone */
  eventTime: z.strictObject({ field: path, unit: z.enum(['ms', 's', 'iso']).default('ms') }),
  type: z.union([z.strictObject({ field: path }), z.strictObject({ value: z.string().min(1).max(ruleLimits.nameCharsMax) })], { error: 'expected {"field": "type"} or {"value": "payment"}' }),
  id: z.strictObject({ field: path }).optional(),
  /** the field that the topic's records are partitioned by */
  partitionedBy: path.optional(),
  partitions: z.int().min(1).max(10_000).optional(),
  /** how far out of order events may come, ms */
  disorder: literalDuration.default(0),
  /** an input silent for so long, ms, holds no watermark back */
  idleAfter: literalDuration.default(5_000),
  /** how far ahead of the log's own timestamp an event's time may be, ms */
  maxAhead: literalDuration.default(600_000),
  /** the same event id within so long, ms, counts once; 0 is off */
  dedupe: literalDuration.default(0),
  schema: fieldSchema.optional(),
  startFrom: z.enum(['latest', 'earliest']).default('latest'),
  createTopic: z.boolean().default(false),
});

/** A source as written. */
export type SourceInput = z.input<typeof sourceSchema>;
/** A source with defaults filled in; durations in ms. */
export type SourceDefinition = z.output<typeof sourceSchema>;

/** Judges a document as a source definition; never throws. */
export function validateSource(json: unknown): { source?: SourceDefinition; problems: readonly Problem[]; warnings: readonly Problem[] } {
  const problems = new Problems(ruleLimits.problemsMax);
  const document = readJson(json, problems);
  if (document === undefined) return { problems: problems.list, warnings: [] };
  const parsed = sourceSchema.safeParse(document, { reportInput: true, jitless: true });
  if (!parsed.success) {
    addIssues(parsed.error.issues, document, [], problems);
    return { problems: problems.list, warnings: [] };
  }
  if (parsed.data.dedupe > 0 && parsed.data.id === undefined) problems.add('rule.missing', ['id'], 'found "dedupe" without "id"; expected the field that identifies an event: {"field": "id"}');
  return problems.any ? { problems: problems.list, warnings: [] } : { source: parsed.data, problems: [], warnings: [] };
}

/** The fields that the sources of a rule declare; null where one of them declares none, or leaves others open (`additionalProperties: true`). */
export function declaredFields(sources: readonly (Pick<SourceDefinition, 'schema'> | undefined)[]): DeclaredFields | null {
  const types = new Map<string, ValueType>();
  for (const source of sources) {
    if (!source?.schema?.properties || source.schema.additionalProperties === true) return null;
    collect(source.schema, '', types, 0);
  }
  return {
    typeOf: (name) => {
      const found = types.get(name.replaceAll(/\[\d+\]/g, '[*]')) ?? openParent(name, types);
      return found !== null && name.includes('[*]') ? 'list' : found;
    },
    paths: () => [...types.keys()].filter((name) => !name.endsWith(OPEN)),
  };
}

/** Marks an object or list whose inside no schema describes: any path may go on there. */
const OPEN = '.*';

function openParent(name: string, types: ReadonlyMap<string, ValueType>): ValueType | null {
  for (let end = name.length; end > 0; end = Math.max(name.lastIndexOf('.', end - 1), name.lastIndexOf('[', end - 1))) {
    if (types.has(name.slice(0, end).replaceAll(/\[\d+\]/g, '[*]') + OPEN)) return 'any';
  }
  return null;
}

function collect(schema: FieldSchema, prefix: string, types: Map<string, ValueType>, depth: number): void {
  if (depth > ruleLimits.conditionDepthMax) return;
  for (const [name, inner] of Object.entries(schema.properties ?? {})) add(inner, prefix === '' ? name : `${prefix}.${name}`, types, depth);
}

function add(schema: FieldSchema, at: string, types: Map<string, ValueType>, depth: number): void {
  const type = valueType(schema);
  const known = types.get(at);
  types.set(at, known === undefined || known === type ? type : 'any');
  const open = type === 'any' || (type === 'map' && (!schema.properties || schema.additionalProperties === true)) || (type === 'list' && !schema.items);
  if (open) types.set(at + OPEN, 'any');
  collect(schema, at, types, depth + 1);
  if (schema.items) add(schema.items, `${at}[*]`, types, depth + 1);
}

function valueType(schema: FieldSchema): ValueType {
  const named = Array.isArray(schema.type) ? schema.type.filter((type) => type !== 'null') : schema.type === undefined ? [] : [schema.type];
  const [type, other] = named;
  if (type === undefined || other !== undefined) return schema.properties ? 'map' : 'any';
  const types = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean', object: 'map', array: 'list', null: 'any' } as const;
  return types[type];
}
