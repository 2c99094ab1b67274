import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Response } from 'express';
import { createHash, randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { Needs } from '../auth/roles.js';
import { pageOf } from '../http/cursor.js';
import { idempotencyKeyOf } from '../http/idempotency-key.js';
import { notFound } from '../http/not-found.js';
import { CallerOf } from '../http/request-context.js';
import type { ApiRequest } from '../http/request-context.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, Caller } from '../ports.js';
import { nameParameter, plainPage } from '../schemas/common.js';
import { savepointAnswer, savepointBody, savepointList } from '../schemas/savepoints.js';

@Controller('api/v1/savepoints')
export class SavepointsController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'savepoints'>) {}

  @Get()
  @Needs('admin')
  @Operation({ summary: 'List savepoints, newest first', answers: { 200: savepointList }, problems: { 400: 'Bad cursor or parameter' } })
  list(@Query({ schema: plainPage }) query: z.infer<typeof plainPage>) {
    return pageOf(query, ['savepoints'], (page) => this.ports.savepoints.list(page), (savepoint) => savepoint);
  }

  @Get(':id')
  @Needs('admin')
  @Operation({ summary: 'One savepoint, and how far it has come', answers: { 200: savepointAnswer }, problems: { 404: 'No such savepoint' } })
  async get(@Param('id', { schema: nameParameter }) id: string) {
    return (await this.ports.savepoints.get(id)) ?? notFound('savepoint', id);
  }

  @Post()
  @Needs('admin')
  @Operation({
    summary: 'Take a savepoint',
    description: 'Every task writes its state at one place of its input, without stopping the others. `GET` shows how far it has come. The same `id` or `Idempotency-Key` again answers with the same savepoint (200).',
    headers: { 'Idempotency-Key': 'the same text again is the same savepoint' },
    answers: { 200: savepointAnswer, 202: savepointAnswer },
    problems: { 409: 'None can be taken now, or one of that name was removed', 422: 'Not a savepoint request' },
  })
  async ask(@Body({ schema: savepointBody }) body: z.infer<typeof savepointBody>, @CallerOf() caller: Caller, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    const key = idempotencyKeyOf(request);
    const { outcome, item } = await this.ports.savepoints.ask(body.id ?? (key === null ? newId() : idOfKey(key)), caller);
    response.status(outcome === 'created' ? 202 : 200);
    return item;
  }

  @Delete(':id')
  @Needs('admin')
  @HttpCode(204)
  @Operation({ summary: 'Remove a savepoint', description: 'Its files go; one that is being taken ends.', answers: { 204: null }, problems: { 404: 'No such savepoint' } })
  async remove(@Param('id', { schema: nameParameter }) id: string, @CallerOf() caller: Caller): Promise<void> {
    if (!(await this.ports.savepoints.remove(id, caller))) notFound('savepoint', id);
  }
}

const idOfKey = (key: string): string => `key-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;

/** Sorts by time: `2026-01-31T12-00-00Z-1a2b`. */
const newId = (): string => `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}Z-${randomBytes(2).toString('hex')}`;
