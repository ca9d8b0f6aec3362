// @ts-nocheck: AssemblyScript
// One-permutation minwise hashing of the runs of 24 letters:
//   out[bin(r)] = min over the runs r that are looked at of value(r)
// A run's hash gives its bin, 0-127, and the low bits of its value. The high bits are its rank, 0-63,
// which its first four letters tell, so that those of 16 runs come out of one vector. Runs up to
// a rank are looked at: about `wanted` of them, all if there are not more. As they are also the
// least, the minimum is mostly that of all runs, and notes of different lengths can be compared.
//   letters: `count` bytes and 96 more that may be anything
//   ranks: room for 64 bytes     out: 128 u32, which the caller fills with 0xffffffff

const RUN: u32 = 24;
const RANKS: u32 = 64;
const RANK_SHIFT: u32 = 26;
// Odd, without a pattern: fractions of the square roots of 2 and 3.
const MULTIPLIER: u64 = 0x6a09e667f3bcc909;
const FINAL: u64 = 0xbb67ae8584caa73b;

/** Returns how many runs there are. */
export function signature(
  letters: usize,
  count: u32,
  wanted: u32,
  ranks: usize,
  out: usize,
): u32 {
  if (count < RUN) return 0;
  const runs = count - RUN + 1;
  const highest = i8x16.splat(<i8> min(RANKS - 1, (RANKS * wanted - 1) / runs));
  for (let from: u32 = 0; from < runs; from += 64) {
    let chosen: u64 = 0;
    for (let at: u32 = 0; at < 64; at += 16) {
      const rank = ranksAt(letters + from + at);
      v128.store(ranks + at, rank);
      chosen |= <u64> i8x16.bitmask(i8x16.le_s(rank, highest)) << at;
    }
    if (runs - from < 64) chosen &= (<u64> 1 << (runs - from)) - 1;
    for (; chosen !== 0; chosen &= chosen - 1) {
      const lane = <u32> ctz(chosen);
      const hash = hashAt(letters + from + lane);
      const bin = out + <usize> (hash >>> 57 << 2);
      const low: u32 = <u32> (hash >>> 25) & ((1 << RANK_SHIFT) - 1);
      const value: u32 = <u32> load<u8>(ranks + lane) << RANK_SHIFT | low;
      store<u32>(bin, min(value, load<u32>(bin)));
    }
  }
  return runs;
}

/** Ranks of the 16 runs that begin here: each of four letters picks a number, these are combined. */

function ranksAt(at: usize): v128 {
  const first = i8x16(46, 9, 59, 20, 33, 2, 55, 28, 13, 38, 51, 4, 62, 17, 40, 27);
  const second = i8x16(5, 50, 31, 12, 57, 22, 43, 0, 36, 61, 10, 19, 48, 29, 14, 39);
  const third = i8x16(24, 41, 6, 63, 18, 53, 34, 11, 60, 1, 30, 47, 8, 37, 52, 21);
  const fourth = i8x16(35, 16, 45, 58, 7, 26, 49, 3, 54, 15, 32, 25, 44, 56, 23, 42);
  return v128.xor(
    v128.xor(picked(first, at), picked(second, at + 1)),
    v128.xor(picked(third, at + 2), picked(fourth, at + 3)),
  );
}

function picked(table: v128, at: usize): v128 {
  return i8x16.swizzle(table, v128.and(v128.load(at), i8x16.splat(15)));
}

/** Of 24 letters: a polynomial of three words of eight. */

function hashAt(at: usize): u64 {
  let hash = load<u64>(at) * MULTIPLIER + load<u64>(at, 8);
  hash = (hash ^ hash >>> 32) * MULTIPLIER + load<u64>(at, 16);
  hash = (hash ^ hash >>> 32) * FINAL;
  return (hash ^ hash >>> 29) * MULTIPLIER;
}
