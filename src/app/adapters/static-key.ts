import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError } from '../../api/api-error.js';
import type { Actor, ApiKeyStore } from '../../api/ports.js';

/** The keys of a worker, which has no catalogue: `VIGIL_ADMIN_KEY` alone. */
export class StaticKey implements ApiKeyStore {
  constructor(private readonly key: string | undefined) {}

  async authenticate(key: string): Promise<Actor | null> {
    if (this.key === undefined || !timingSafeEqual(digest(key), digest(this.key))) return null;
    return { keyId: 'admin', name: 'admin', role: 'admin' };
  }

  list(): never {
    throw noCatalogue();
  }

  create(): never {
    throw noCatalogue();
  }

  revoke(): never {
    throw noCatalogue();
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const noCatalogue = (): ApiError => new ApiError(404, 'route.not-found', 'a worker has no catalogue: ask a process of role all or api');
