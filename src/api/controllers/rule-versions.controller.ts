import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { z } from 'zod';
import { assert } from '../../event/assert.js';
import { toSql } from '../../rules/sql/to-sql.js';
import { Needs } from '../auth/roles.js';
import { notFound } from '../http/not-found.js';
import { callerOf } from '../http/request-context.js';
import type { ApiRequest } from '../http/request-context.js';
import { preconditionOf, showRevision } from '../http/revision.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, RuleAction } from '../ports.js';
import { nameParameter, versionParameter } from '../schemas/common.js';
import { versionAnswer, versionQuery } from '../schemas/rules.js';
import { versionAnswerOf } from './rule-answers.js';

const IF_MATCH = { 'If-Match': 'ETag of the rule' };
const PROBLEMS = { 404: 'No such rule or version', 409: 'Not possible from the status it has, or its own tests fail', 412: 'Stale If-Match' };
const LATER = 'Answered once the wish is recorded; `applied` of a later GET says when each task took it.';

@Controller('api/v1/rules/:id/versions/:version')
export class RuleVersionsController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'rules' | 'live'>) {}

  @Get()
  @Needs('viewer')
  @Operation({ summary: 'One version of a rule', answers: { 200: versionAnswer }, problems: { 404: 'No such rule or version' } })
  async get(@Param('id', { schema: nameParameter }) id: string, @Param('version', { schema: versionParameter }) version: number, @Query({ schema: versionQuery }) query: z.infer<typeof versionQuery>) {
    const found = await this.ports.rules.version(id, version);
    if (found !== null) {
      const answer = await versionAnswerOf(found, this.ports.live);
      return query.as === undefined ? answer : { ...answer, sql: toSql(found.rule, query.as === 'flink-sql' ? 'flink' : 'vigil') };
    }
    return (await this.ports.rules.get(id)) === null ? notFound('rule', id) : notFound('rule.version', version);
  }

  @Post('activate')
  @Needs('analyst')
  @HttpCode(202)
  @Operation({ summary: 'Put a version to work', description: `Takes the place of the rule's live version. ${LATER}`, headers: IF_MATCH, answers: { 202: versionAnswer }, problems: PROBLEMS })
  activate(@Param('id', { schema: nameParameter }) id: string, @Param('version', { schema: versionParameter }) version: number, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    return this.transition('activate', id, version, request, response);
  }

  @Post('shadow')
  @Needs('analyst')
  @HttpCode(202)
  @Operation({ summary: 'Run a version in shadow', description: `Its alerts go to the shadow topic. ${LATER}`, headers: IF_MATCH, answers: { 202: versionAnswer }, problems: PROBLEMS })
  shadow(@Param('id', { schema: nameParameter }) id: string, @Param('version', { schema: versionParameter }) version: number, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    return this.transition('shadow', id, version, request, response);
  }

  @Post('pause')
  @Needs('analyst')
  @HttpCode(202)
  @Operation({ summary: 'Pause a version; its state is kept', description: LATER, headers: IF_MATCH, answers: { 202: versionAnswer }, problems: PROBLEMS })
  pause(@Param('id', { schema: nameParameter }) id: string, @Param('version', { schema: versionParameter }) version: number, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    return this.transition('pause', id, version, request, response);
  }

  @Post('resume')
  @Needs('analyst')
  @HttpCode(202)
  @Operation({ summary: 'Resume a paused version', description: LATER, headers: IF_MATCH, answers: { 202: versionAnswer }, problems: PROBLEMS })
  resume(@Param('id', { schema: nameParameter }) id: string, @Param('version', { schema: versionParameter }) version: number, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    return this.transition('resume', id, version, request, response);
  }

  @Post('retire')
  @Needs('analyst')
  @HttpCode(202)
  @Operation({ summary: 'Retire a version; its state is dropped', description: LATER, headers: IF_MATCH, answers: { 202: versionAnswer }, problems: PROBLEMS })
  retire(@Param('id', { schema: nameParameter }) id: string, @Param('version', { schema: versionParameter }) version: number, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    return this.transition('retire', id, version, request, response);
  }

  private async transition(action: RuleAction, id: string, version: number, request: ApiRequest, response: Response) {
    const rule = await this.ports.rules.transition(id, version, action, preconditionOf(request), callerOf(request));
    showRevision(response, rule.revision);
    const changed = await this.ports.rules.version(id, version);
    assert(changed !== null, 'a version that changed its status exists');
    return versionAnswerOf(changed, this.ports.live);
  }
}
