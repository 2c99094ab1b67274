import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Query, Req, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { z } from 'zod';
import { sourceSchema, validateSource } from '../../rules/source-schema.js';
import type { SourceDefinition } from '../../rules/source-schema.js';
import { ApiError } from '../api-error.js';
import { Needs } from '../auth/roles.js';
import { pageOf } from '../http/cursor.js';
import { CallerOf } from '../http/request-context.js';
import type { ApiRequest } from '../http/request-context.js';
import { preconditionOf, showRevision } from '../http/revision.js';
import { notFound } from '../http/not-found.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, Caller, SourceView } from '../ports.js';
import { nameParameter, newName, plainPage } from '../schemas/common.js';
import { sourceAnswer, sourceBody, sourceList } from '../schemas/sources.js';

const IF_MATCH = { 'If-Match': 'ETag of the revision to change; a stale one is refused with 412' };

@Controller('api/v1/sources')
export class SourcesController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'sources'>) {}

  @Get()
  @Needs('viewer')
  @Operation({ summary: 'List sources', answers: { 200: sourceList }, problems: { 400: 'Bad cursor or parameter' } })
  list(@Query({ schema: plainPage }) query: z.infer<typeof plainPage>) {
    return pageOf(query, ['sources'], (page) => this.ports.sources.list(page), sourceBodyOf);
  }

  @Get(':name')
  @Needs('viewer')
  @Operation({ summary: 'One source', answers: { 200: sourceAnswer }, problems: { 404: 'No such source' } })
  async get(@Param('name', { schema: nameParameter }) name: string, @Res({ passthrough: true }) response: Response) {
    const source = (await this.ports.sources.get(name)) ?? notFound('source', name);
    showRevision(response, source.revision);
    return sourceBodyOf(source);
  }

  @Put(':name')
  @Needs('analyst')
  @Operation({ summary: 'Declare or change a source', bodySchema: sourceSchema.meta({ id: 'SourceDefinition' }), headers: IF_MATCH, answers: { 200: sourceAnswer, 201: sourceAnswer }, problems: { 412: 'Stale If-Match', 422: 'Not a source definition' } })
  async put(
    @Param('name', { schema: newName }) name: string,
    @Body({ schema: sourceBody }) document: z.infer<typeof sourceBody>,
    @CallerOf() caller: Caller,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) response: Response,
  ) {
    const { outcome, item } = await this.ports.sources.put(name, definitionOf(document), preconditionOf(request), caller);
    response.status(outcome === 'created' ? 201 : 200);
    showRevision(response, item.revision);
    return sourceBodyOf(item);
  }

  @Delete(':name')
  @Needs('analyst')
  @HttpCode(204)
  @Operation({ summary: 'Delete a source; its topic stays', headers: IF_MATCH, answers: { 204: null }, problems: { 404: 'No such source', 409: 'Live rules read it', 412: 'Stale If-Match' } })
  async delete(@Param('name', { schema: nameParameter }) name: string, @CallerOf() caller: Caller, @Req() request: ApiRequest): Promise<void> {
    if (!(await this.ports.sources.delete(name, preconditionOf(request), caller))) notFound('source', name);
  }
}

/** @throws ApiError 422 with every problem; the pointer is that of the first */
function definitionOf(document: z.infer<typeof sourceBody>): SourceDefinition {
  const { source, problems } = validateSource(document);
  const [first] = problems;
  if (source !== undefined && first === undefined) return source;
  const shown = problems.map(({ code, pointer, message }) => ({ code, pointer, detail: message }));
  throw new ApiError(422, 'source.invalid', first?.message ?? 'not a source definition', first?.pointer ?? '', { problems: shown });
}

/** What `PUT` was given, with what the catalogue adds. */
function sourceBodyOf({ name, definition, revision, createdAt, updatedAt }: SourceView) {
  return { ...definition, name, revision, createdAt, updatedAt };
}
