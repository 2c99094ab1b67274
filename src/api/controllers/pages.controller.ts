import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Public } from '../auth/roles.js';
import { allowPage } from '../http/security-headers.js';
import { Operation } from '../openapi/operation.js';
import { API_DOCUMENT, WEB_DIR } from '../options.js';

const HTML = { mediaType: 'text/html' } as const;
const SCRIPT = { mediaType: 'text/javascript' } as const;
const STYLE = { mediaType: 'text/css' } as const;

/** The status page: files without secrets; what they show is fetched with a key. */
@Controller()
export class PagesController {
  constructor(@Inject(WEB_DIR) private readonly webDir: string) {}

  @Get()
  @Public()
  @Operation({ summary: 'The status page', answers: { 200: HTML } })
  index(@Res() response: Response): void {
    sendFile(response, this.webDir, 'index.html', 'page');
  }

  @Get('web/status.js')
  @Public()
  @Operation({ summary: 'Script of the status page', answers: { 200: SCRIPT } })
  script(@Res() response: Response): void {
    sendFile(response, this.webDir, 'status.js', 'page');
  }

  @Get('web/status.css')
  @Public()
  @Operation({ summary: 'Style of the status page', answers: { 200: STYLE } })
  style(@Res() response: Response): void {
    sendFile(response, this.webDir, 'status.css', 'page');
  }
}

/** The OpenAPI document and Swagger UI, served from the package: no other host is asked. */
@Controller()
export class DocsController {
  private readonly swaggerDir = swaggerUiDir();

  constructor(
    @Inject(WEB_DIR) private readonly webDir: string,
    @Inject(API_DOCUMENT) private readonly document: () => unknown,
  ) {}

  @Get('openapi.json')
  @Public()
  @Operation({ summary: 'This document', answers: { 200: { mediaType: 'application/json' } } })
  openApi(): unknown {
    return this.document();
  }

  @Get('docs')
  @Public()
  @Operation({ summary: 'This document to read and try', answers: { 200: HTML } })
  docs(@Res() response: Response): void {
    sendFile(response, this.webDir, 'docs.html', 'docs');
  }

  @Get('docs/docs.js')
  @Public()
  @Operation({ summary: 'Script of the documentation page', answers: { 200: SCRIPT } })
  docsScript(@Res() response: Response): void {
    sendFile(response, this.webDir, 'docs.js', 'docs');
  }

  @Get('docs/swagger-ui-bundle.js')
  @Public()
  @Operation({ summary: 'Swagger UI', answers: { 200: SCRIPT } })
  swaggerScript(@Res() response: Response): void {
    sendFile(response, this.swaggerDir, 'swagger-ui-bundle.js', 'docs');
  }

  @Get('docs/swagger-ui.css')
  @Public()
  @Operation({ summary: 'Style of Swagger UI', answers: { 200: STYLE } })
  swaggerStyle(@Res() response: Response): void {
    sendFile(response, this.swaggerDir, 'swagger-ui.css', 'docs');
  }
}

function sendFile(response: Response, folder: string, name: string, kind: 'page' | 'docs'): void {
  allowPage(response, kind);
  response.sendFile(name, { root: folder, cacheControl: false });
}

function swaggerUiDir(): string {
  return join(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'), '..');
}
