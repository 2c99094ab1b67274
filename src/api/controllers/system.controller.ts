import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { MetricsReader, Public } from '../auth/roles.js';
import { API_PORTS } from '../options.js';
import { Operation } from '../openapi/operation.js';
import type { ApiPorts, HealthReport } from '../ports.js';
import { healthAnswer } from '../schemas/operations.js';

@Controller('health')
export class HealthController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'health'>) {}

  @Get('live')
  @Public()
  @Operation({ summary: 'The process works', answers: { 200: healthAnswer, 503: healthAnswer } })
  async live(@Res({ passthrough: true }) response: Response): Promise<HealthReport> {
    return shown(await this.ports.health.live(), response);
  }

  @Get('ready')
  @Public()
  @Operation({ summary: 'All own tasks are live', answers: { 200: healthAnswer, 503: healthAnswer } })
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthReport> {
    return shown(await this.ports.health.ready(), response);
  }
}

function shown(report: HealthReport, response: Response): HealthReport {
  response.status(report.ok ? 200 : 503);
  return report;
}

@Controller('metrics')
export class MetricsController {
  constructor(@Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'metrics'>) {}

  @Get()
  @MetricsReader()
  @Operation({ summary: 'Metrics in the text format of Prometheus', answers: { 200: { mediaType: 'text/plain' } } })
  async metrics(@Res() response: Response): Promise<void> {
    const { contentType, text } = await this.ports.metrics.read();
    response.setHeader('Content-Type', contentType);
    response.end(text);
  }
}
