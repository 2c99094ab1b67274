import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { z } from 'zod';
import { Needs } from '../auth/roles.js';
import { pageOf } from '../http/cursor.js';
import { BodyLimit } from '../http/json-body.interceptor.js';
import { notFound } from '../http/not-found.js';
import { CallerOf } from '../http/request-context.js';
import type { ApiRequest } from '../http/request-context.js';
import { preconditionOf, showRevision } from '../http/revision.js';
import { LARGE_BODY_BYTES_MAX } from '../limits.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, Caller, ListEntry, Page, PageRequest } from '../ports.js';
import { nameParameter, newName, plainPage } from '../schemas/common.js';
import { entriesAnswer, entriesBody, entryOf, listAnswer, listBody, listsAnswer } from '../schemas/lists.js';

const IF_MATCH = { 'If-Match': 'ETag of the revision to change; a stale one is refused with 412' };

@Controller('api/v1/lists')
export class ListsController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'lists'>) {}

  @Get()
  @Needs('viewer')
  @Operation({ summary: 'List managed lists', answers: { 200: listsAnswer }, problems: { 400: 'Bad cursor or parameter' } })
  list(@Query({ schema: plainPage }) query: z.infer<typeof plainPage>) {
    return pageOf(query, ['lists'], (page) => this.ports.lists.list(page), (list) => list);
  }

  @Get(':name')
  @Needs('viewer')
  @Operation({ summary: 'One managed list', answers: { 200: listAnswer }, problems: { 404: 'No such list' } })
  async get(@Param('name', { schema: nameParameter }) name: string, @Res({ passthrough: true }) response: Response) {
    const list = (await this.ports.lists.get(name)) ?? notFound('list', name);
    showRevision(response, list.revision);
    return list;
  }

  @Get(':name/entries')
  @Needs('viewer')
  @Operation({ summary: 'Entries of a managed list', answers: { 200: entriesAnswer }, problems: { 400: 'Bad cursor or parameter', 404: 'No such list' } })
  entries(@Param('name', { schema: nameParameter }) name: string, @Query({ schema: plainPage }) query: z.infer<typeof plainPage>) {
    const read = async (page: PageRequest): Promise<Page<ListEntry>> => (await this.ports.lists.entries(name, page)) ?? notFound('list', name);
    return pageOf(query, ['entries', name], read, (entry) => entry);
  }

  @Put(':name')
  @Needs('analyst')
  @BodyLimit(LARGE_BODY_BYTES_MAX)
  @Operation({ summary: 'Create a managed list or replace its entries', headers: IF_MATCH, answers: { 200: listAnswer, 201: listAnswer }, problems: { 412: 'Stale If-Match', 422: 'Not a list' } })
  async put(@Param('name', { schema: newName }) name: string, @Body({ schema: listBody }) body: z.infer<typeof listBody>, @CallerOf() caller: Caller, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    const { description, entries } = Array.isArray(body) ? { description: '', entries: body } : body;
    const { outcome, item } = await this.ports.lists.put(name, { description, entries: entries.map(entryOf) }, preconditionOf(request), caller);
    response.status(outcome === 'created' ? 201 : 200);
    showRevision(response, item.revision);
    return item;
  }

  @Post(':name/entries')
  @Needs('analyst')
  @HttpCode(200)
  @BodyLimit(LARGE_BODY_BYTES_MAX)
  @Operation({ summary: 'Set and remove entries', headers: IF_MATCH, answers: { 200: listAnswer }, problems: { 404: 'No such list', 412: 'Stale If-Match', 422: 'Not entries' } })
  async change(@Param('name', { schema: nameParameter }) name: string, @Body({ schema: entriesBody }) body: z.infer<typeof entriesBody>, @CallerOf() caller: Caller, @Req() request: ApiRequest, @Res({ passthrough: true }) response: Response) {
    const list = (await this.ports.lists.change(name, changeOf(body), preconditionOf(request), caller)) ?? notFound('list', name);
    showRevision(response, list.revision);
    return list;
  }

  @Delete(':name')
  @Needs('analyst')
  @HttpCode(204)
  @Operation({ summary: 'Delete a managed list', headers: IF_MATCH, answers: { 204: null }, problems: { 404: 'No such list', 409: 'Live rules read it', 412: 'Stale If-Match' } })
  async delete(@Param('name', { schema: nameParameter }) name: string, @CallerOf() caller: Caller, @Req() request: ApiRequest): Promise<void> {
    if (!(await this.ports.lists.delete(name, preconditionOf(request), caller))) notFound('list', name);
  }
}

function changeOf(body: z.infer<typeof entriesBody>): { set: ListEntry[]; remove: readonly string[] } {
  if (Array.isArray(body)) return { set: body.map(entryOf), remove: [] };
  if ('value' in body) return { set: [entryOf(body)], remove: [] };
  return { set: body.entries.map(entryOf), remove: body.remove };
}
