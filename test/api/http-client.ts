import { expect } from '@jest/globals';
import type { z } from 'zod';
import { API_CONTROLLERS } from '../../src/api/api.module.js';
import { RouteTable } from '../../src/api/openapi/route-table.js';
import { problemAnswer } from '../../src/api/schemas/common.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Sending {
  readonly key?: string | null;
  readonly json?: unknown;
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends requests, and holds every answer against the schema that the OpenAPI document shows for it. */
export class HttpClient {
  private readonly routes = new RouteTable(API_CONTROLLERS);

  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  async send(method: string, path: string, { key = this.key, json, raw, headers = {} }: Sending = {}): Promise<Answer> {
    const body = raw ?? (json === undefined ? undefined : JSON.stringify(json));
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: body as string }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const answer = { status: response.status, headers: response.headers, body: (type.includes('json') ? JSON.parse(text) : { text }) as Answer['body'] };
    this.check(method, path.split('?')[0]!, answer, type, text);
    return answer;
  }

  get(path: string, sending?: Sending): Promise<Answer> {
    return this.send('GET', path, sending);
  }

  post(path: string, json?: unknown, sending?: Sending): Promise<Answer> {
    return this.send('POST', path, { json, ...sending });
  }

  put(path: string, json?: unknown, sending?: Sending): Promise<Answer> {
    return this.send('PUT', path, { json, ...sending });
  }

  private check(method: string, path: string, answer: Answer, type: string, text: string): void {
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('x-request-id')).not.toBeNull();
    const documented = this.routes.find(method, path)?.doc.answers[answer.status];
    if (documented === null) expect(text).toBe('');
    else if (documented !== undefined && !('mediaType' in documented)) agrees(documented, answer.body);
    else if (documented === undefined) {
      expect({ path, status: answer.status, type }).toEqual({ path, status: answer.status, type: 'application/problem+json' });
      agrees(problemAnswer, answer.body);
    }
  }
}

function agrees(schema: z.ZodType, body: unknown): void {
  expect(schema.safeParse(body).error).toBeUndefined();
}
