// @ts-nocheck: AssemblyScript
// 1 if text holds nothing but tab, line feed and printable ASCII (0x20-0x7e), else 0.
//   text: `length` bytes, with spaces after them up to a multiple of 16

export function isPlain(text: usize, length: u32): u32 {
  let plain = i8x16.splat(-1);
  for (const end = text + length; text < end; text += 16) {
    const v = v128.load(text);
    const printable = v128.and(
      i8x16.ge_s(v, i8x16.splat(0x20)), // Bytes above 0x7f are negative.
      i8x16.ne(v, i8x16.splat(0x7f)),
    );
    const blank = v128.or(i8x16.eq(v, i8x16.splat(0x09)), i8x16.eq(v, i8x16.splat(0x0a)));
    plain = v128.and(plain, v128.or(printable, blank));
  }
  return i8x16.all_true(plain) ? 1 : 0;
}
