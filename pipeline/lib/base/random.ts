/**
 * Seeded random numbers, the same on every machine: initial weights, the order of training windows,
 * samples and bootstrap intervals depend on a seed and on nothing else.
 *
 * The generator is xoshiro128** (Blackman and Vigna 2021, "Scrambled linear pseudorandom number
 * generators"), its state filled by murmur-style mixing of a seed and a stream name, so that two
 * streams of one seed are independent: adding a tensor does not change the others' values.
 */

const rotateLeft = (x: number, bits: number) => (x << bits) | (x >>> (32 - bits));

/** MurmurHash3's finalizer (Appleby), as a uint32: every input bit reaches every output bit. */
export function mix32(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spareNormal: number | undefined;

  /** `stream` separates uses of one seed: `new Random(1, "wte.weight")`. */
  constructor(seed: number, stream = "") {
    let hash = mix32(seed | 0) ^ mix32(Math.floor(seed / 2 ** 32) | 0);
    for (let i = 0; i < stream.length; i++) {
      hash = mix32((hash + 0x9e3779b9) ^ stream.charCodeAt(i));
    }
    const next = () => mix32(hash = (hash + 0x9e3779b9) | 0);
    [this.#a, this.#b, this.#c, this.#d] = [next(), next(), next(), next()];
  }

  /** An integer in [0, 2^32). */
  bits(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result;
  }

  /** A number in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
  }

  /** An integer in [0, limit), without modulo bias for any limit up to 2^32. */
  below(limit: number): number {
    const fair = 2 ** 32 - (2 ** 32 % limit);
    let bits = this.bits();
    while (bits >= fair) bits = this.bits();
    return bits % limit;
  }

  /** A standard normal number (Box-Muller; both of a pair are used). */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Shuffles in place (Fisher-Yates) and returns `values`. */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const kept = values[i];
      values[i] = values[j];
      values[j] = kept;
    }
    return values;
  }
}

/**
 * Numbers in [0, 1) that a seed decides, for callers that need nothing else: SplitMix32 over a 32-bit
 * counter (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", with 32-bit
 * constants). Every seed is a good seed, the state is one integer.
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
