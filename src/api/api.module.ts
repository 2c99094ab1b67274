import { Module } from '@nestjs/common';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory } from '@nestjs/core';
import type { Express } from 'express';
import { join } from 'node:path';
import { BearerGuard } from './auth/bearer.guard.js';
import { ApiKeysController, AuditController } from './controllers/admin.controller.js';
import { AlertsController } from './controllers/alerts.controller.js';
import { EventsController } from './controllers/events.controller.js';
import { ListsController } from './controllers/lists.controller.js';
import { ClusterController, ExplainController, SimulateController } from './controllers/operations.controller.js';
import { DocsController, PagesController } from './controllers/pages.controller.js';
import { RulePacksController } from './controllers/rule-packs.controller.js';
import { RuleVersionsController } from './controllers/rule-versions.controller.js';
import { RulesController } from './controllers/rules.controller.js';
import { SavepointsController } from './controllers/savepoints.controller.js';
import { SourcesController } from './controllers/sources.controller.js';
import { HealthController, MetricsController } from './controllers/system.controller.js';
import { AlertStreams } from './http/alert-streams.js';
import { BodyBudget } from './http/body-budget.js';
import { bodyTerms } from './http/body-terms.js';
import { BoundedAdapter } from './http/bounded-adapter.js';
import { JsonBodyInterceptor } from './http/json-body.interceptor.js';
import { DEFAULT_PATIENCE } from './http/patience.js';
import { ProblemFilter } from './http/problem.filter.js';
import { requestIds } from './http/request-context.js';
import { requestLog } from './http/request-log.js';
import { RequestSchemaPipe } from './http/schema.pipe.js';
import { securityHeaders } from './http/security-headers.js';
import { HELD_BODIES_BYTES_MAX } from './limits.js';
import { openApiDocument } from './openapi/document.js';
import { RouteTable } from './openapi/route-table.js';
import { API_DOCUMENT, API_OPTIONS, API_PORTS, WEB_DIR } from './options.js';
import type { ApiOptions } from './options.js';
import { packageRoot, packageVersion } from './package-root.js';
import type { ApiPorts } from './ports.js';

const WORKER_CONTROLLERS: readonly Type[] = [HealthController, MetricsController, ClusterController];
/** In the order in which the document shows them; `alerts/stream` is matched before `alerts/:id` by their order in the class. */
export const API_CONTROLLERS: readonly Type[] = [
  SourcesController,
  EventsController,
  RulesController,
  RuleVersionsController,
  RulePacksController,
  ListsController,
  SimulateController,
  AlertsController,
  ExplainController,
  SavepointsController,
  ApiKeysController,
  AuditController,
  DocsController,
  PagesController,
  ...WORKER_CONTROLLERS,
];

/** What a process of role `worker` has: no catalogue, hence no rules and no page. */
export type WorkerPorts = Pick<ApiPorts, 'apiKeys' | 'health' | 'metrics' | 'live'>;

@Module({})
class ApiModule {
  static of(controllers: readonly Type[], ports: Partial<ApiPorts>, options: ApiOptions): DynamicModule {
    const routes = new RouteTable(controllers);
    return {
      module: ApiModule,
      controllers: [...controllers],
      providers: [
        { provide: API_PORTS, useValue: ports },
        { provide: API_OPTIONS, useValue: options },
        { provide: WEB_DIR, useFactory: () => options.webDir ?? join(packageRoot(), 'web') },
        { provide: RouteTable, useValue: routes },
        { provide: API_DOCUMENT, useFactory: lazyDocument, inject: [RouteTable] },
        ...(ports.alertFeed === undefined ? [] : [AlertStreams]),
        { provide: APP_GUARD, useClass: BearerGuard },
        { provide: APP_INTERCEPTOR, useClass: JsonBodyInterceptor },
        { provide: APP_PIPE, useClass: RequestSchemaPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}

/** Made at the first request for it: a process starts faster without. */
function lazyDocument(routes: RouteTable): () => unknown {
  let document: unknown;
  return () => (document ??= openApiDocument(routes, packageVersion()));
}

/** The whole HTTP interface over the given ports, initialised and not yet listening: `app.listen(port, host)`. `app.close()` ends streams and lets requests finish. */
export function createApiApp(ports: ApiPorts, options: ApiOptions = {}): Promise<INestApplication> {
  return create(API_CONTROLLERS, ports, options);
}

/** Health, metrics and cluster only. */
export function createWorkerApp(ports: WorkerPorts, options: ApiOptions = {}): Promise<INestApplication> {
  return create(WORKER_CONTROLLERS, ports, options);
}

async function create(controllers: readonly Type[], ports: Partial<ApiPorts>, options: ApiOptions): Promise<INestApplication> {
  const patience = { ...DEFAULT_PATIENCE, ...options.patience };
  const app = await NestFactory.create(ApiModule.of(controllers, ports, options), new BoundedAdapter(patience), { bodyParser: false, logger: false, abortOnError: false });
  const express = app.getHttpAdapter().getInstance() as Express;
  express.disable('x-powered-by');
  express.disable('etag');
  express.set('trust proxy', options.trustedProxies ?? 0);
  app.use(requestIds, securityHeaders, requestLog(options.log), bodyTerms(new BodyBudget(options.heldBodiesBytesMax ?? HELD_BODIES_BYTES_MAX), patience));
  await app.init();
  return app;
}
