import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Needs } from '../auth/roles.js';
import { notFound } from '../http/not-found.js';
import { CallerOf } from '../http/request-context.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, Caller, PackRuleOutcome } from '../ports.js';
import { nameParameter } from '../schemas/common.js';
import { packAnswer, packList, packLoadAnswer, packLoadBody, packRuleAnswer, packRuleQuery } from '../schemas/rule-packs.js';

@Controller('api/v1/rule-packs')
export class RulePacksController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'rulePacks'>) {}

  @Get()
  @Needs('viewer')
  @Operation({ summary: 'Packs of rules that come with Vigil', answers: { 200: packList } })
  async list() {
    return { items: await this.ports.rulePacks.list(), nextCursor: null };
  }

  @Get(':pack')
  @Needs('viewer')
  @Operation({ summary: 'Rules of a pack, to choose from', answers: { 200: packAnswer }, problems: { 404: 'No such pack' } })
  async get(@Param('pack', { schema: nameParameter }) pack: string) {
    return { name: pack, rules: (await this.ports.rulePacks.rules(pack)) ?? notFound('rule-pack', pack) };
  }

  @Get(':pack/rules/:id')
  @Needs('viewer')
  @Operation({ summary: 'A rule of a pack as it would be posted', answers: { 200: packRuleAnswer }, problems: { 404: 'No such pack or rule' } })
  async rule(@Param('pack', { schema: nameParameter }) pack: string, @Param('id', { schema: nameParameter }) id: string, @Query({ schema: packRuleQuery }) query: z.infer<typeof packRuleQuery>) {
    const document = await this.ports.rulePacks.rule(pack, id, query.source ?? null);
    if (document !== null) return document;
    return (await this.ports.rulePacks.rules(pack)) === null ? notFound('rule-pack', pack) : notFound('rule', id);
  }

  @Post(':pack')
  @Needs('analyst')
  @HttpCode(200)
  @Operation({
    summary: 'Load rules of a pack',
    description: 'Puts them as drafts that read `source`, and activates drafts where asked. The same again changes nothing. What stands under one of these ids with another document is not overwritten: `differs`. A rule that is refused holds no other up.',
    answers: { 200: packLoadAnswer },
    problems: { 404: 'No such pack', 422: 'No such source, or no such rule in the pack' },
  })
  async load(@Param('pack', { schema: nameParameter }) pack: string, @Body({ schema: packLoadBody }) body: z.infer<typeof packLoadBody>, @CallerOf() caller: Caller) {
    const { source, prefix = '', rules = null, tests, activate } = body;
    const outcomes = (await this.ports.rulePacks.load(pack, { source, prefix, rules, tests, activate }, caller)) ?? notFound('rule-pack', pack);
    const count = (fits: (outcome: PackRuleOutcome) => boolean): number => outcomes.filter(fits).length;
    return {
      pack,
      source,
      created: count(({ outcome }) => outcome === 'created'),
      unchanged: count(({ outcome }) => outcome === 'unchanged'),
      differs: count(({ outcome }) => outcome === 'differs'),
      refused: count(({ outcome }) => outcome === 'refused'),
      active: count(({ status }) => status === 'active'),
      rules: outcomes,
    };
  }
}
