import { ApiError } from '../api-error.js';

/** @throws ApiError 404 `<kind>.not-found` */
export function notFound(kind: 'source' | 'rule' | 'rule.version' | 'rule-pack' | 'list' | 'alert' | 'api-key' | 'savepoint', name: string | number): never {
  const code = kind === 'rule.version' ? 'rule.version-not-found' : `${kind}.not-found`;
  throw new ApiError(404, code, `there is no ${kind.replace('.', ' ')} ${JSON.stringify(name)}`);
}
