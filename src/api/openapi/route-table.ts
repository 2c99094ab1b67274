import { RequestMethod } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import type { z } from 'zod';
import { assert } from '../../event/assert.js';
import { ROLE } from '../auth/roles.js';
import { OPERATION } from './operation.js';
import type { OperationDoc } from './operation.js';

/** A parameter as its decorator declares it: `@Query({schema})` has no name, `@Param('id', {schema})` has one. */
export interface RouteParameter {
  readonly where: 'body' | 'query' | 'path';
  readonly name: string | null;
  readonly schema: z.ZodType;
}

export interface Route {
  readonly method: string;
  /** `/api/v1/rules/{id}` */
  readonly path: string;
  readonly tag: string;
  readonly handler: string;
  readonly role: string;
  readonly doc: OperationDoc;
  readonly parameters: readonly RouteParameter[];
}

/** Nest's numbers of parameter kinds (`RouteParamtypes`), as they stand in its metadata. */
const WHERE: Readonly<Record<string, RouteParameter['where']>> = { 3: 'body', 4: 'query', 5: 'path' };

/** All routes, read from the decorators by which Nest serves them: what is documented is what is checked. */
export class RouteTable {
  readonly routes: readonly Route[];
  private readonly patterns: readonly { readonly method: string; readonly pattern: RegExp }[];

  constructor(controllers: readonly Type[]) {
    this.routes = controllers.flatMap(routesOf);
    this.patterns = this.routes.map(({ method, path }) => ({ method, pattern: patternOf(path) }));
  }

  /** Methods that a concrete path answers, in order of declaration; empty for an unknown path. */
  methodsOf(path: string): string[] {
    return [...new Set(this.patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
  }

  find(method: string, path: string): Route | undefined {
    const plain = this.routes.find((route) => route.method === method && route.path === path);
    return plain ?? this.routes[this.patterns.findIndex((entry) => entry.method === method && entry.pattern.test(path))];
  }
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`);
}

function routesOf(controller: Type): Route[] {
  const base = Reflect.getMetadata('path', controller) as string;
  const prototype = controller.prototype as Readonly<Record<string, object>>;
  return Object.getOwnPropertyNames(prototype).flatMap((handler) => {
    const method = Reflect.getMetadata('method', prototype[handler]!) as RequestMethod | undefined;
    if (handler === 'constructor' || method === undefined) return [];
    const doc = Reflect.getMetadata(OPERATION, prototype[handler]!) as OperationDoc | undefined;
    const role = Reflect.getMetadata(ROLE, prototype[handler]!) as string | undefined;
    assert(doc !== undefined && role !== undefined, `${controller.name}.${handler} needs an operation and a role`);
    const path = `/${[base, Reflect.getMetadata('path', prototype[handler]!) as string].flatMap((part) => part.split('/')).filter((part) => part !== '').join('/')}`;
    return [{ method: RequestMethod[method], path: path.replace(/:(\w+)/g, '{$1}'), tag: controller.name.replace(/Controller$/, ''), handler, role, doc, parameters: parametersOf(controller, handler) }];
  });
}

function parametersOf(controller: Type, handler: string): RouteParameter[] {
  const metadata = (Reflect.getMetadata('__routeArguments__', controller, handler) ?? {}) as Record<string, { data?: unknown; schema?: z.ZodType; index: number }>;
  return Object.entries(metadata)
    .sort(([, a], [, b]) => a.index - b.index)
    .flatMap(([key, { data, schema }]) => {
      const where = WHERE[key.split(':')[0]!];
      if (where === undefined) return [];
      assert(schema !== undefined, `a ${where} parameter of ${controller.name}.${handler} has no schema`);
      return [{ where, name: typeof data === 'string' ? data : null, schema }];
    });
}
