/**
 * A small seeded generator, so that the same seed gives the same sample on every machine.
 *
 * SplitMix32 over a 32-bit counter (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
 * generators", with 32-bit constants): every seed is a good seed, the state is one integer.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}
