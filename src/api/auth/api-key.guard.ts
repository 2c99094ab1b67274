import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { assert } from '../../event/assert.js';
import { ApiError } from '../api-error.js';
import type { ApiRequest } from '../http/request-context.js';
import { API_OPTIONS, API_PORTS } from '../options.js';
import type { ApiOptions } from '../options.js';
import type { Actor, ApiPorts, Role } from '../ports.js';
import { atLeast, ROLE } from './roles.js';

/** Lets a request pass whose bearer key belongs to a role that the route's `@Needs` is content with. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    @Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'apiKeys'>,
    @Inject(API_OPTIONS) private readonly options: ApiOptions,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handler = context.getHandler();
    const needed = Reflect.getMetadata(ROLE, handler) as Role | 'public' | 'metrics' | undefined;
    assert(needed !== undefined, `${context.getClass().name}.${handler.name} declares no role`);
    if (needed === 'public' || (needed === 'metrics' && this.options.openMetrics === true)) return true;
    const request = context.switchToHttp().getRequest<ApiRequest>();
    request.actor = await this.authenticate(request.headers.authorization);
    const role = needed === 'metrics' ? 'viewer' : needed;
    if (atLeast(request.actor.role, role)) return true;
    throw new ApiError(403, 'auth.forbidden', `the key ${request.actor.name} has role ${request.actor.role}; this call needs ${role}`);
  }

  private async authenticate(authorization: string | undefined): Promise<Actor> {
    if (authorization === undefined) throw new ApiError(401, 'auth.missing', 'expected the header Authorization: Bearer KEY');
    const key = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1];
    const actor = key === undefined ? null : await this.ports.apiKeys.authenticate(key);
    if (actor === null) throw new ApiError(401, 'auth.invalid', 'the key is unknown, expired or revoked');
    return actor;
  }
}
