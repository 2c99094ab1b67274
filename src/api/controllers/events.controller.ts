import { Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { Needs } from '../auth/roles.js';
import { StreamedBody } from '../http/json-body.interceptor.js';
import { CallerOf } from '../http/request-context.js';
import type { ApiRequest } from '../http/request-context.js';
import { ingest } from '../ingest/ingest.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, Caller, IngestResult } from '../ports.js';
import { nameParameter } from '../schemas/common.js';
import { ingestAnswer } from '../schemas/sources.js';

@Controller('api/v1/sources/:name/events')
export class EventsController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'ingestion'>) {}

  @Post()
  @Needs('analyst')
  @HttpCode(202)
  @StreamedBody()
  @Operation({
    summary: 'Append events to a source',
    description:
      'One event, an array (up to 32 MB or 100,000 events), or NDJSON of any length; gzip is understood. The answer comes once the log has the accepted events durably. An event that cannot be read is rejected alone; a malformed JSON document is refused whole, before anything is appended. An event without the partitioning field is accepted: it moves event time.',
    bodyTypes: ['application/json', 'application/x-ndjson'],
    headers: { 'Idempotency-Key': 'A second request with the same key and body is answered like the first and appends nothing', 'Content-Encoding': 'gzip or identity' },
    answers: { 202: ingestAnswer },
    problems: { 400: 'Malformed JSON or gzip', 404: 'No such source', 409: 'Another request with this Idempotency-Key is running', 413: 'Too large', 415: 'Media type or encoding not understood', 422: 'Idempotency-Key used with another body' },
  })
  post(@Param('name', { schema: nameParameter }) name: string, @Req() request: ApiRequest, @CallerOf() caller: Caller): Promise<IngestResult> {
    return ingest(this.ports.ingestion, name, request, caller);
  }
}
