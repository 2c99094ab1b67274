import { describe, expect, it } from '@jest/globals';
import { StaticKey } from '../../src/app/adapters/static-key.js';

describe('the key of a worker', () => {
  const key = 'an-operators-own-key';

  it('is good', async () => expect(await new StaticKey(key).authenticate(key)).toEqual({ keyId: 'admin', name: 'admin', role: 'admin' }));

  // compared by digests of one length, in constant time: no guess is nearer to it than another
  it.each(['', 'a', key.slice(0, -1), `${key}x`, `${key.slice(0, -1)}x`, key.toUpperCase(), ` ${key}`, 'x'.repeat(500)])('is not %j', async (guess) => expect(await new StaticKey(key).authenticate(guess)).toBeNull());

  it('is none where the operator has set none', async () => {
    for (const guess of ['', 'undefined', 'null']) expect(await new StaticKey(undefined).authenticate(guess)).toBeNull();
  });
});
