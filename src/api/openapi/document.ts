import { z } from 'zod';
import { assert } from '../../event/assert.js';
import { IDEMPOTENCY_KEY_LENGTH_MAX } from '../limits.js';
import { problemAnswer } from '../schemas/common.js';
import type { AnswerBody } from './operation.js';
import type { Route, RouteParameter, RouteTable } from './route-table.js';

type Json = Record<string, unknown>;

const DESCRIPTION = `Rules over event streams. Send \`Authorization: Bearer KEY\`, with an API key or a token (JWT) of the identity provider that the operator named; roles are viewer < analyst < admin.
Who asks too often, or fails to authenticate too often, is answered with 429 and \`Retry-After\`.
Errors are RFC 9457 problem details: match on \`code\`. Lists answer \`{items, nextCursor}\`. Times are epoch ms.`;

/** The OpenAPI 3.1 document of the routes, from the same zod schemas that check requests. */
export function openApiDocument(table: RouteTable, version: string): Json {
  const components: Json = {};
  const paths: Record<string, Json> = {};
  for (const route of table.routes) {
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route, components);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Vigil', version, description: DESCRIPTION, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operationOf(route: Route, components: Json): Json {
  const isPublic = route.role === 'public';
  const body = route.parameters.find((parameter) => parameter.where === 'body');
  const parameters = [...route.parameters.flatMap((parameter) => parametersOf(parameter, components)), ...headersOf(route)];
  return {
    operationId: `${route.tag.charAt(0).toLowerCase()}${route.tag.slice(1)}.${route.handler}`,
    tags: [route.tag],
    summary: route.doc.summary,
    description: [route.doc.description, isPublic ? 'Needs no key.' : `Needs role ${route.role === 'metrics' ? 'viewer' : route.role}.`].filter(Boolean).join(' '),
    security: isPublic ? [] : [{ key: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBodyOf(route, body, components),
    responses: responsesOf(route, components),
  };
}

function requestBodyOf(route: Route, body: RouteParameter | undefined, components: Json): Json {
  if (body !== undefined) return { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.doc.bodySchema ?? body.schema, 'input', components) } } } };
  const types = route.doc.bodyTypes;
  return types === undefined ? {} : { requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema: {} }])) } };
}

function parametersOf({ where, name, schema }: RouteParameter, components: Json): Json[] {
  if (where === 'body') return [];
  const described = schemaOf(schema, 'input', components);
  if (name !== null) return [{ name, in: where, required: where === 'path', schema: described }];
  const required = (described.required ?? []) as string[];
  return Object.entries((described.properties ?? {}) as Record<string, Json>).map(([member, memberSchema]) => ({ name: member, in: where, required: required.includes(member), schema: memberSchema }));
}

function headersOf(route: Route): Json[] {
  return Object.entries(route.doc.headers ?? {}).map(([name, description]) => ({ name, in: 'header', required: false, description, schema: { type: 'string', ...HEADER_FORMS[name] } }));
}

const HEADER_FORMS: Readonly<Record<string, Json>> = {
  'If-Match': { pattern: '^(\\*|"[0-9]+"(, ?"[0-9]+")*)$' },
  'Idempotency-Key': { pattern: `^[!-~]{1,${IDEMPOTENCY_KEY_LENGTH_MAX}}$` },
};

function responsesOf(route: Route, components: Json): Json {
  const responses: Json = {};
  for (const [status, answer] of Object.entries(route.doc.answers)) responses[status] = { description: DESCRIPTIONS[status] ?? 'Done', ...contentOf(answer, components) };
  const problems: Record<string, string> = { ...(route.role === 'public' ? {} : { 401: 'No key or token, or one that is not known', 403: 'The role of the key does not suffice' }), ...route.doc.problems };
  for (const [status, description] of Object.entries(problems)) {
    responses[status] ??= { description, content: { 'application/problem+json': { schema: schemaOf(problemAnswer, 'output', components) } } };
  }
  responses.default = { description: 'Another problem', content: { 'application/problem+json': { schema: schemaOf(problemAnswer, 'output', components) } } };
  return responses;
}

const DESCRIPTIONS: Readonly<Record<string, string>> = { 200: 'As asked', 201: 'Written anew', 202: 'Taken', 204: 'Gone', 503: 'Not now' };

function contentOf(answer: AnswerBody, components: Json): Json {
  if (answer === null) return {};
  if ('mediaType' in answer) return { content: { [answer.mediaType]: { schema: { type: 'string' } } } };
  return { content: { 'application/json': { schema: schemaOf(answer, 'output', components) } } };
}

/** JSON Schema of a zod schema; those with an id become components. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const id = schema.meta()?.id;
  const { $defs, ...body } = z.toJSONSchema(schema, { io }) as Json;
  delete body.$schema;
  for (const [name, definition] of Object.entries(($defs ?? {}) as Json)) components[componentName(name, id)] ??= relink(definition, id);
  if (id !== undefined && body.$ref === undefined) {
    components[id] ??= relink({ ...body, id: undefined }, id);
    return { $ref: `#/components/schemas/${id}` };
  }
  return relink(body, id) as Json;
}

/** zod numbers the nameless parts of each schema from 0: they get the name of the schema they are part of. */
function componentName(name: string, root: string | undefined): string {
  if (!name.startsWith('__schema')) return name;
  assert(root !== undefined, 'a schema that refers to itself needs an id');
  return name.replace('__schema', `${root}Part`);
}

/** `$defs` of one schema are the components of the document; the dialect knows no member `id`. */
function relink(value: unknown, root: string | undefined): unknown {
  const text = JSON.stringify(value).replace(/"#\/\$defs\/(\w+)"/g, (_, name: string) => `"#/components/schemas/${componentName(name, root)}"`);
  return JSON.parse(text) as unknown;
}
