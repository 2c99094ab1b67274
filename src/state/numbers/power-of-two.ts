/*
 * Powers of two by multiplication alone, so that they come out the same to the last digit on every platform: state is
 * recomputed by replays on other machines and other versions of Node, whose `Math.pow` may differ.
 */

const CHUNK = 30;
const LN2 = 0.6931471805599453;
/** Terms of the series of 2^−f for 0 <= f < 1: the first one left out is below 2^−60. */
const TERMS = 18;

/** x·2^k for a whole k. Exact as long as the result is a normal number. */
export function timesPowerOfTwo(x: number, k: number): number {
  for (; k >= CHUNK && x !== 0; k -= CHUNK) x *= 2 ** CHUNK;
  for (; k <= -CHUNK && x !== 0; k += CHUNK) x /= 2 ** CHUNK;
  if (x === 0) return 0;
  return k >= 0 ? x * (1 << k) : x / (1 << -k);
}

/** 2^−(elapsed/halfLife) for elapsed >= 0: exact at whole half-lives, elsewhere within a few units of the last digit. */
export function decayed(value: number, elapsed: number, halfLife: number): number {
  const rest = elapsed % halfLife;
  const halved = timesPowerOfTwo(value, -Math.min(2_200, Math.round((elapsed - rest) / halfLife)));
  return rest === 0 ? halved : halved * exponential((-rest / halfLife) * LN2);
}

/** Largest whole e with 2^e <= x, for x >= 2^−1000. */
export function exponentOf(x: number): number {
  const guess = Math.floor(Math.log2(x));
  const power = timesPowerOfTwo(1, guess);
  return power > x ? guess - 1 : power * 2 <= x ? guess + 1 : guess;
}

/** e^x for −0.7 < x <= 0 by its series. */
function exponential(x: number): number {
  let sum = 1;
  for (let term = TERMS; term >= 1; term--) sum = 1 + (x * sum) / term;
  return sum;
}
