/**
 * The part of protobuf's wire format that writing an ONNX file needs: varints, 32-bit floats and
 * length-delimited fields (https://protobuf.dev/programming-guides/encoding/).
 *
 * ```ts
 * new Message().int(1, 150).finish(); // 08 96 01
 * ```
 */

const VARINT = 0, LENGTH_DELIMITED = 2, FIXED32 = 5;

const utf8 = new TextEncoder();

/** One message under construction. Large payloads are kept by reference and copied once, at the end. */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** int32, int64, bool or enum; a negative number takes ten bytes, as protobuf prescribes. */
  int(field: number, value: number | bigint): this {
    return this.#push(tag(field, VARINT)).#push(varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#push(tag(field, FIXED32)).#push(bytes);
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(tag(field, LENGTH_DELIMITED)).#push(varint(value.length)).#push(value);
  }

  message(field: number, value: Message): this {
    this.#push(tag(field, LENGTH_DELIMITED)).#push(varint(value.#length));
    for (const part of value.#parts) this.#push(part);
    return this;
  }

  /** The encoded message. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      out.set(part, offset);
      offset += part.length;
    }
    return out;
  }

  #push(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }
}

const tag = (field: number, wireType: number) => varint(field * 8 + wireType);

function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
