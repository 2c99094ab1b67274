import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Needs } from '../auth/roles.js';
import { pageOf } from '../http/cursor.js';
import { notFound } from '../http/not-found.js';
import { CallerOf } from '../http/request-context.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, Caller } from '../ports.js';
import { nameParameter, plainPage } from '../schemas/common.js';
import { apiKeyBody, apiKeyCreated, apiKeyList, auditList, auditQuery } from '../schemas/operations.js';

@Controller('api/v1/api-keys')
export class ApiKeysController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'apiKeys'>) {}

  @Get()
  @Needs('admin')
  @Operation({ summary: 'List API keys', answers: { 200: apiKeyList }, problems: { 400: 'Bad cursor or parameter' } })
  list(@Query({ schema: plainPage }) query: z.infer<typeof plainPage>) {
    return pageOf(query, ['api-keys'], (page) => this.ports.apiKeys.list(page), (key) => key);
  }

  @Post()
  @Needs('admin')
  @Operation({ summary: 'Create an API key', description: 'The secret is in this answer only.', answers: { 201: apiKeyCreated }, problems: { 422: 'Not a key request' } })
  create(@Body({ schema: apiKeyBody }) body: z.infer<typeof apiKeyBody>, @CallerOf() caller: Caller) {
    return this.ports.apiKeys.create(body, caller);
  }

  @Delete(':id')
  @Needs('admin')
  @HttpCode(204)
  @Operation({ summary: 'Revoke an API key', answers: { 204: null }, problems: { 404: 'No such key', 409: 'The last admin key' } })
  async revoke(@Param('id', { schema: nameParameter }) id: string, @CallerOf() caller: Caller): Promise<void> {
    if (!(await this.ports.apiKeys.revoke(id, caller))) notFound('api-key', id);
  }
}

@Controller('api/v1/audit')
export class AuditController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'audit'>) {}

  @Get()
  @Needs('admin')
  @Operation({ summary: 'Who changed what, newest first', answers: { 200: auditList }, problems: { 400: 'Bad cursor or parameter' } })
  list(@Query({ schema: auditQuery }) query: z.infer<typeof auditQuery>) {
    const filter = { subject: query.subject ?? null, actor: query.actor ?? null };
    return pageOf(query, ['audit', filter], (page) => this.ports.audit.list(filter, page), (entry) => entry);
  }
}
