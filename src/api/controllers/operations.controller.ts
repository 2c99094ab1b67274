import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import type { JsonValue } from '../../event/stream-event.js';
import { ApiError } from '../api-error.js';
import { Needs } from '../auth/roles.js';
import { BodyLimit } from '../http/json-body.interceptor.js';
import { notFound } from '../http/not-found.js';
import { LARGE_BODY_BYTES_MAX } from '../limits.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts } from '../ports.js';
import { keyOf } from '../schemas/alerts.js';
import { nameParameter } from '../schemas/common.js';
import { clusterAnswer, explainAnswer, explainQuery, simulateAnswer, simulateBody } from '../schemas/operations.js';
import { judgeSent } from './sent-rule.js';

@Controller('api/v1/simulate')
export class SimulateController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'rules' | 'validator' | 'simulator'>) {}

  @Post()
  @Needs('viewer')
  @HttpCode(200)
  @BodyLimit(LARGE_BODY_BYTES_MAX)
  @Operation({ summary: 'Run a rule over given events', description: 'Alerts, explanations and final partial matches; stores nothing.', answers: { 200: simulateAnswer }, problems: { 404: 'No such rule or version', 422: 'Rule or event not valid' } })
  async simulate(@Body({ schema: simulateBody }) body: z.infer<typeof simulateBody>) {
    return this.ports.simulator.simulate({
      rule: body.ruleId !== undefined ? await this.stored(body.ruleId, body.version) : body.sql !== undefined ? await this.given({ sql: body.sql }, '') : await this.given(body.rule!, '/rule'),
      events: body.events as readonly JsonValue[],
      lists: body.lists,
      advanceTo: body.advanceTo ?? null,
      disorder: body.disorder ?? null,
    });
  }

  private async stored(id: string, version: number | undefined): Promise<JsonValue> {
    const rule = (await this.ports.rules.get(id)) ?? notFound('rule', id);
    if (version === undefined) return rule.latest.rule;
    return ((await this.ports.rules.version(id, version)) ?? notFound('rule.version', version)).rule;
  }

  /** @param at pointer to where the rule stands in the body */
  private async given(sent: Readonly<Record<string, unknown>>, at: string): Promise<JsonValue> {
    const { document, validation } = await judgeSent(sent, this.ports.validator);
    const problems = validation.problems.map((problem) => ({ ...problem, pointer: at + problem.pointer }));
    const [first] = problems;
    if (first === undefined) return document;
    throw new ApiError(422, first.code, first.detail, first.pointer, { problems });
  }
}

@Controller('api/v1/explain')
export class ExplainController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'rules' | 'live'>) {}

  @Get(':id')
  @Needs('viewer')
  @Operation({ summary: 'Live state of a key under a rule', description: 'Windows, partial matches, what each waits for and until when.', answers: { 200: explainAnswer }, problems: { 400: 'No key', 404: 'No such rule' } })
  async explain(@Param('id', { schema: nameParameter }) id: string, @Query({ schema: explainQuery }) query: z.infer<typeof explainQuery>) {
    if ((await this.ports.rules.get(id)) === null) notFound('rule', id);
    const key = keyOf(query.key);
    return { rule: id, key, state: await this.ports.live.explain(id, key) };
  }
}

@Controller('api/v1/cluster')
export class ClusterController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'live'>) {}

  @Get()
  @Needs('viewer')
  @Operation({ summary: 'Members, tasks, positions, watermarks, lag, floors', answers: { 200: clusterAnswer } })
  cluster() {
    return this.ports.live.cluster();
  }
}
