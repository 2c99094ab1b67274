import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { assert } from '../../event/assert.js';
import { ApiError } from '../api-error.js';
import type { ApiRequest } from '../http/request-context.js';
import { API_OPTIONS, API_PORTS } from '../options.js';
import type { ApiOptions } from '../options.js';
import type { Actor, ApiPorts, Role } from '../ports.js';
import { RequestLimits } from './request-limits.js';
import { atLeast, ROLE } from './roles.js';

/** Lets a request pass whose bearer key or token belongs to a role that the route's `@Needs` is content with. */
@Injectable()
export class BearerGuard implements CanActivate {
  private readonly limits: RequestLimits;

  constructor(
    @Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'apiKeys'>,
    @Inject(API_OPTIONS) private readonly options: ApiOptions,
  ) {
    this.limits = new RequestLimits(options);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handler = context.getHandler();
    const needed = Reflect.getMetadata(ROLE, handler) as Role | 'public' | 'metrics' | undefined;
    assert(needed !== undefined, `${context.getClass().name}.${handler.name} declares no role`);
    if (needed === 'public' || (needed === 'metrics' && this.options.openMetrics === true)) return true;
    const request = context.switchToHttp().getRequest<ApiRequest>();
    request.actor = await this.authenticate(request);
    this.limits.countRequest(request.actor.keyId);
    const role = needed === 'metrics' ? 'viewer' : needed;
    if (atLeast(request.actor.role, role)) return true;
    throw new ApiError(403, 'auth.forbidden', `the key ${request.actor.name} has role ${request.actor.role}; this call needs ${role}`);
  }

  private async authenticate(request: ApiRequest): Promise<Actor> {
    const { authorization } = request.headers;
    if (authorization === undefined) throw new ApiError(401, 'auth.missing', 'expected the header Authorization: Bearer KEY');
    this.limits.refuseGuessing(request.ip);
    const credential = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1];
    const actor = credential === undefined ? null : await this.ownerOf(credential);
    if (actor !== null) return actor;
    this.limits.countFailure(request.ip);
    throw new ApiError(401, 'auth.invalid', 'the key is unknown, expired or revoked');
  }

  private async ownerOf(credential: string): Promise<Actor | null> {
    const { tokens } = this.options;
    if (tokens?.understands(credential) === true) return tokens.authenticate(credential);
    return credential.length > KEY_LENGTH_MAX ? null : this.ports.apiKeys.authenticate(credential);
  }
}

/** Longer than any key of ours and any that an operator would choose. */
const KEY_LENGTH_MAX = 512;
