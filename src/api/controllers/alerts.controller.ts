import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { z } from 'zod';
import { Needs } from '../auth/roles.js';
import { AlertStreams } from '../http/alert-streams.js';
import { pageOf } from '../http/cursor.js';
import { notFound } from '../http/not-found.js';
import type { ApiRequest } from '../http/request-context.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts } from '../ports.js';
import { alertAnswer, alertList, alertQuery, keyOf, streamQuery } from '../schemas/alerts.js';
import { nameParameter } from '../schemas/common.js';

@Controller('api/v1/alerts')
export class AlertsController {
  constructor(
    @Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'alerts'>,
    @Inject(AlertStreams) private readonly streams: AlertStreams,
  ) {}

  @Get()
  @Needs('viewer')
  @Operation({ summary: 'Find alerts, newest first', answers: { 200: alertList }, problems: { 400: 'Bad cursor or parameter' } })
  list(@Query({ schema: alertQuery }) query: z.infer<typeof alertQuery>) {
    const filter = {
      rule: query.rule ?? null,
      version: query.version ?? null,
      key: query.key === undefined ? null : keyOf(query.key),
      severity: query.severity ?? null,
      type: query.type ?? null,
      kind: query.kind ?? null,
      shadow: query.shadow ?? null,
      from: query.from ?? null,
      to: query.to ?? null,
    };
    return pageOf(query, ['alerts', filter], (page) => this.ports.alerts.list(filter, page), (alert) => alert);
  }

  @Get('stream')
  @Needs('viewer')
  @Operation({
    summary: 'Alerts as they come, as server-sent events',
    description: 'Events `alert` (`data` is the alert, `id` its place) and `gap` (more was missed than can be replayed: read the index). A comment keeps a silent connection open. A client that reads slowly gets everything later; one that reads nothing for a minute is disconnected and comes back with Last-Event-ID.',
    headers: { 'Last-Event-ID': 'id of the last event seen: what came after it is sent first' },
    answers: { 200: { mediaType: 'text/event-stream' } },
    problems: { 503: 'Too many streams, or stopping' },
  })
  stream(@Query({ schema: streamQuery }) query: z.infer<typeof streamQuery>, @Req() request: ApiRequest, @Res() response: Response): Promise<void> {
    const lastId = request.headers['last-event-id'];
    return this.streams.open(response, typeof lastId === 'string' && lastId !== '' ? lastId : null, (alert) =>
      (query.rule === undefined || alert.rule === query.rule) &&
      (query.severity === undefined || alert.severity === query.severity) &&
      (query.kind === undefined || alert.kind === query.kind) &&
      (query.shadow === undefined || alert.shadow === query.shadow));
  }

  @Get(':id')
  @Needs('viewer')
  @Operation({ summary: 'One alert with its explanation', answers: { 200: alertAnswer }, problems: { 404: 'No such alert' } })
  async get(@Param('id', { schema: nameParameter }) id: string) {
    return (await this.ports.alerts.get(id)) ?? notFound('alert', id);
  }
}
