/**
 * Thrift's compact protocol, as far as Parquet's headers use it.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** A value with the type that it is written as; a list holds values of one type. */
export type ThriftValue =
  | { i32: number }
  | { i64: number }
  | { string: string }
  | { list: ThriftValue[] }
  | { struct: ThriftStruct };

/** Fields by their numbers, in ascending order. */
export type ThriftStruct = Record<number, ThriftValue>;

const typeCodes = { i32: 5, i64: 6, string: 8, list: 9, struct: 12 } as const;
type Kind = keyof typeof typeCodes;

const kindOf = (value: ThriftValue): Kind => Object.keys(value)[0] as Kind;
const encoder = new TextEncoder();

/** The bytes of a struct, its end included. */
export function encodeStruct(struct: ThriftStruct): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  writeStruct(struct, out);
  return Uint8Array.from(out);
}

function writeStruct(struct: ThriftStruct, out: number[]): void {
  let previous = 0;
  for (const [key, value] of Object.entries(struct)) {
    const field = Number(key);
    const type = typeCodes[kindOf(value)];
    // A field is told by its distance to the one before; Parquet has none above 15.
    out.push((field - previous) << 4 | type);
    previous = field;
    writeValue(value, out);
  }
  out.push(0);
}

function writeValue(value: ThriftValue, out: number[]): void {
  if ("i32" in value) writeZigzag(value.i32, out);
  else if ("i64" in value) writeZigzag(value.i64, out);
  else if ("struct" in value) writeStruct(value.struct, out);
  else if ("string" in value) {
    const bytes = encoder.encode(value.string);
    writeVarint(bytes.length, out);
    for (const byte of bytes) out.push(byte);
  } else {
    const { list } = value;
    // Only a list of row groups is ever empty.
    const type = list.length === 0 ? typeCodes.struct : typeCodes[kindOf(list[0])];
    if (list.length < 15) out.push(list.length << 4 | type);
    else {
      out.push(0xf0 | type);
      writeVarint(list.length, out);
    }
    for (const item of list) writeValue(item, out);
  }
}

/** Sizes and counts only: no number here is negative. */
const writeZigzag = (value: number, out: number[]) => writeVarint(value * 2, out);

/** Seven bits a byte, the lowest first; above 2^32 too. */
export function writeVarint(value: number, out: number[]): void {
  while (value > 0x7f) {
    out.push(value % 0x80 | 0x80);
    value = Math.floor(value / 0x80);
  }
  out.push(value);
}
