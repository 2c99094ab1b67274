/**
 * 128-bit hash of a text for identifiers that must come out the same everywhere (alert ids, digests).
 * Not for secrets. Source: MurmurHash3 x86_128 by Austin Appleby (public domain), over UTF-16 code units.
 * @returns 32 hexadecimal digits
 */
export function hash128(text: string): string {
  const h = mix(text);
  return h.map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
}

/** The first 32 bits of `hash128`, as an unsigned integer. */
export function hash32(text: string): number {
  return (mix(text)[0] as number) >>> 0;
}

const C = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;
const ADD = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17] as const;
const ROTATE_K = [15, 16, 17, 18] as const;
const ROTATE_H = [19, 17, 15, 13] as const;

function mix(text: string): number[] {
  const h = [0, 0, 0, 0];
  for (let i = 0; i < text.length; i += 8) {
    for (let lane = 0; lane < 4; lane++) {
      const low = text.charCodeAt(i + lane * 2) || 0;
      const high = text.charCodeAt(i + lane * 2 + 1) || 0;
      let k = Math.imul(low | (high << 16), C[lane] as number);
      k = Math.imul(rotate(k, ROTATE_K[lane] as number), C[(lane + 1) & 3] as number);
      let x = rotate((h[lane] as number) ^ k, ROTATE_H[lane] as number);
      x = (x + (h[(lane + 1) & 3] as number)) | 0;
      h[lane] = (Math.imul(x, 5) + (ADD[lane] as number)) | 0;
    }
  }
  for (let lane = 0; lane < 4; lane++) h[lane] = (h[lane] as number) ^ text.length;
  spread(h);
  for (let lane = 0; lane < 4; lane++) h[lane] = finish(h[lane] as number);
  spread(h);
  return h;
}

function spread(h: number[]): void {
  h[0] = ((h[0] as number) + (h[1] as number) + (h[2] as number) + (h[3] as number)) | 0;
  for (let lane = 1; lane < 4; lane++) h[lane] = ((h[lane] as number) + (h[0] as number)) | 0;
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
