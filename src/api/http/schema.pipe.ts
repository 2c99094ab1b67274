import { Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata } from '@nestjs/common';
import { ApiError } from '../api-error.js';

type Issue = { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined };

class SchemaIssues extends Error {
  constructor(readonly issues: readonly Issue[]) {
    super('schema issues');
  }
}

/** Issues listed in one answer: enough to mend a document by. */
const ISSUES_MAX = 20;

/** Checks bodies (422), queries and paths (400) against the zod schema that the parameter's decorator names. */
@Injectable()
export class RequestSchemaPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => new SchemaIssues(issues) });
  }

  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    if (metadata.type === 'body' && value === undefined) throw new ApiError(400, 'request.body-missing', 'this call needs a JSON body');
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      throw error instanceof SchemaIssues ? refusal(metadata.type, error.issues) : error;
    }
  }
}

function refusal(where: ArgumentMetadata['type'], issues: readonly Issue[]): ApiError {
  const shown = issues.flatMap(sharpened).slice(0, ISSUES_MAX).map((issue) => ({ pointer: pointerOf(unknownKey(issue)), detail: issue.message }));
  const first = shown[0]!;
  if (where === 'body') return new ApiError(422, 'request.invalid', first.detail, first.pointer, { problems: shown });
  const parameter = first.pointer.slice(1);
  return new ApiError(400, 'request.invalid-parameter', `${parameter === '' ? where : parameter}: ${first.detail}`, undefined, { parameter });
}

/** Of a union that no member of fits, the issues of the member that was meant: the one whose type at least is right. */
function sharpened(issue: Issue): Issue[] {
  const members = (issue as { errors?: unknown }).errors;
  if (!Array.isArray(members)) return [issue];
  const meant = (members as Issue[][]).find(([first]) => first !== undefined && ((first.path ?? []).length > 0 || (first as { code?: unknown }).code !== 'invalid_type'));
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => sharpened({ ...inner, path: [...(issue.path ?? []), ...(inner.path ?? [])] }));
}

/** zod points at the object that has an unknown key; we point at the key. */
function unknownKey(issue: Issue): PropertyKey[] {
  const path = (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
  const keys = (issue as { keys?: unknown }).keys;
  return Array.isArray(keys) && typeof keys[0] === 'string' ? [...path, keys[0]] : path;
}

/** RFC 6901 */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
