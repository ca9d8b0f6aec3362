// @ts-nocheck: AssemblyScript
// The letters and digits of a text one after the other, in lower case; returns how many. Bytes
// above 0x7f count as letters.
//   text: `length` bytes, with spaces after them up to a multiple of 16
//   order: of each set of 8 lanes (256 of them, one bit a lane), the lanes in it, in 8 bytes
//   out: room for `length` bytes and 16 more

export function lettersOf(text: usize, length: u32, order: usize, out: usize): u32 {
  const start = out;
  for (const end = text + length; text < end; text += 16) {
    const v = v128.load(text);
    const lower = v128.or(v, i8x16.splat(0x20));
    const digit = v128.and(i8x16.ge_s(v, i8x16.splat(0x30)), i8x16.le_s(v, i8x16.splat(0x39)));
    const letter = v128.and(
      i8x16.ge_s(lower, i8x16.splat(0x61)),
      i8x16.le_s(lower, i8x16.splat(0x7a)),
    );
    const high = i8x16.lt_s(v, i8x16.splat(0));
    const kept: u32 = i8x16.bitmask(v128.or(v128.or(digit, letter), high));
    out = store8(lower, kept & 0xff, order, out);
    out = store8(v128.shuffle<u64>(lower, lower, 1, 0), kept >>> 8, order, out);
  }
  return <u32> (out - start);
}

/** Stores those of the lower 8 lanes that are in `kept`; returns where they end. */

function store8(lanes: v128, kept: u32, order: usize, out: usize): usize {
  v128.store64_lane(out, i8x16.swizzle(lanes, v128.load64_zero(order + <usize> (kept << 3))), 0);
  return out + <usize> popcnt(kept);
}
