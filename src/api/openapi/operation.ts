import { applyDecorators, SetMetadata } from '@nestjs/common';
import type { z } from 'zod';

export const OPERATION = 'vigil:operation';

/** What a route's answer is: a schema (JSON), or the media type of something else, or null for no body. */
export type AnswerBody = z.ZodType | { readonly mediaType: string } | null;

/** What the OpenAPI document says of a route beyond what its parameters' schemas say. */
export interface OperationDoc {
  readonly summary: string;
  readonly description?: string;
  /** by status; problems are added by the generator */
  readonly answers: Readonly<Record<number, AnswerBody>>;
  /** problem codes that are particular to the route, by status */
  readonly problems?: Readonly<Record<number, string>>;
  /** what a body is asked to be, where a checker of its own says more about mistakes than zod would */
  readonly bodySchema?: z.ZodType;
  /** media types of a body that the handler reads itself */
  readonly bodyTypes?: readonly string[];
  /** request headers the route understands */
  readonly headers?: Readonly<Record<string, string>>;
}

export const Operation = (doc: OperationDoc) => applyDecorators(SetMetadata(OPERATION, doc));
