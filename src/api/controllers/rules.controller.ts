import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { z } from 'zod';
import { ApiError } from '../api-error.js';
import { Needs } from '../auth/roles.js';
import { pageOf } from '../http/cursor.js';
import { notFound } from '../http/not-found.js';
import { CallerOf } from '../http/request-context.js';
import type { ApiRequest } from '../http/request-context.js';
import { preconditionOf, showRevision } from '../http/revision.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, Caller, RuleValidation, RuleView } from '../ports.js';
import { nameParameter, newName } from '../schemas/common.js';
import { ruleAnswer, ruleBody, ruleList, ruleOrSql, ruleQuery, statsAnswer, validationAnswer } from '../schemas/rules.js';
import { ruleAnswerOf, ruleSummary } from './rule-answers.js';
import { judgeSent, type SentRule } from './sent-rule.js';

type Document = z.infer<typeof ruleBody>;

@Controller('api/v1/rules')
export class RulesController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'rules' | 'validator' | 'live'>) {}

  @Post('validate')
  @Needs('viewer')
  @HttpCode(200)
  @Operation({ summary: 'Check a rule', bodySchema: ruleOrSql, description: 'Problems, warnings, state bound and cost class; stores nothing.', answers: { 200: validationAnswer }, problems: { 400: 'Malformed JSON', 422: 'Not a JSON object' } })
  async validate(@Body({ schema: ruleBody }) sent: Document) {
    const { document, validation } = await judgeSent(sent, this.ports.validator);
    return 'sql' in sent && validation.valid ? { ...validation, rule: document } : validation;
  }

  @Get()
  @Needs('viewer')
  @Operation({ summary: 'List rules', description: 'In order of id. `status` is that of the live version, or else of the latest.', answers: { 200: ruleList }, problems: { 400: 'Bad cursor or parameter' } })
  list(@Query({ schema: ruleQuery }) query: z.infer<typeof ruleQuery>) {
    const filter = { status: query.status ?? null, tag: query.tag ?? null, severity: query.severity ?? null, search: query.search ?? null };
    return pageOf(query, ['rules', filter], (page) => this.ports.rules.list(filter, page), async (rule) => ({
      ...ruleSummary(rule),
      ...(query.stats === true ? { stats: await this.ports.live.stats(rule.id) } : {}),
    }));
  }

  @Post()
  @Needs('analyst')
  @Operation({ summary: 'Create a rule as draft version 1', bodySchema: ruleOrSql, answers: { 201: ruleAnswer }, problems: { 400: 'Malformed JSON', 409: 'A rule with this id exists', 422: 'Not a valid rule: see `problems`' } })
  async create(@Body({ schema: ruleBody }) sent: Document, @CallerOf() caller: Caller, @Res({ passthrough: true }) response: Response) {
    const { document, validation } = await this.validated(sent);
    const rule = await this.ports.rules.create(String((document as Document).id), document, caller);
    return this.written(response, rule, validation);
  }

  @Put(':id')
  @Needs('analyst')
  @Operation({
    summary: 'Write the next draft version',
    bodySchema: ruleOrSql,
    description: 'Creates the rule where there is none. The latest version again writes nothing (200). The document may leave out `id`.',
    headers: { 'If-Match': 'ETag of the revision that was edited; a stale one is refused with 412' },
    answers: { 200: ruleAnswer, 201: ruleAnswer },
    problems: { 400: 'Malformed JSON', 412: 'Stale If-Match', 422: 'Not a valid rule: see `problems`' },
  })
  async put(@Param('id', { schema: newName }) id: string, @Body({ schema: ruleBody }) given: Document, @CallerOf() caller: Caller, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    const precondition = preconditionOf(request);
    const sent = { id, ...given };
    if (sent.id !== id) throw new ApiError(422, 'rule.id-differs', `the document is of rule ${JSON.stringify(sent.id)}, the path of ${JSON.stringify(id)}`, '/id');
    const { document, validation } = await this.validated(sent);
    const { outcome, item } = await this.ports.rules.put(id, document, precondition, caller);
    response.status(outcome === 'unchanged' ? 200 : 201);
    return this.written(response, item, validation);
  }

  @Get(':id')
  @Needs('viewer')
  @Operation({ summary: 'One rule with its latest version', answers: { 200: ruleAnswer }, problems: { 404: 'No such rule' } })
  async get(@Param('id', { schema: nameParameter }) id: string, @Res({ passthrough: true }) response: Response) {
    const rule = (await this.ports.rules.get(id)) ?? notFound('rule', id);
    showRevision(response, rule.revision);
    return ruleAnswerOf(rule, this.ports.live);
  }

  @Get(':id/stats')
  @Needs('viewer')
  @Operation({ summary: 'Counters of the live version', answers: { 200: statsAnswer }, problems: { 404: 'No such rule' } })
  async stats(@Param('id', { schema: nameParameter }) id: string) {
    if ((await this.ports.rules.get(id)) === null) notFound('rule', id);
    return this.ports.live.stats(id);
  }

  private async written(response: Response, rule: RuleView, { warnings, stateBound, cost }: RuleValidation) {
    showRevision(response, rule.revision);
    response.setHeader('Location', `/api/v1/rules/${encodeURIComponent(rule.id)}/versions/${rule.latest.version}`);
    return { ...(await ruleAnswerOf(rule, this.ports.live)), warnings, stateBound, cost };
  }

  /** @throws ApiError 422 with every problem; code and pointer are those of the first */
  private async validated(sent: Document): Promise<SentRule> {
    const judged = await judgeSent(sent, this.ports.validator);
    const { valid, problems, warnings } = judged.validation;
    const [first] = problems;
    if (valid && first === undefined) return judged;
    throw new ApiError(422, first?.code ?? 'rule.invalid', first?.detail ?? 'the rule is not valid', first?.pointer ?? '', { problems, warnings });
  }
}
