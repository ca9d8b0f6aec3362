/**
 * Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) without copying:
 * what a worker needs to find the weights in an ONNX file within its second of start-up.
 */

const VARINT = 0, FIXED64 = 1, LENGTH_DELIMITED = 2, FIXED32 = 5;

/** One field of a message: a number for a varint, else its bytes, which lie in the message's own. */
export interface Field {
  number: number;
  value: number | Uint8Array;
}

/** The fields of `message` in their order; throws a `RangeError` where it is cut off or no protobuf. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const wrong = () => new RangeError(`Cannot read a protobuf message at byte ${at}`);
  /** Up to 53 bits: sizes and enums. Longer ones lose their upper bits, which nothing here reads. */
  const varint = () => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > 2 ** 63) break;
    }
    throw wrong();
  };
  const bytes = (length: number) => {
    if (length > message.length - at) throw wrong();
    return message.subarray(at, at += length);
  };
  while (at < message.length) {
    const tag = varint(), number = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        yield { number, value: varint() };
        break;
      case FIXED64:
        yield { number, value: bytes(8) };
        break;
      case LENGTH_DELIMITED:
        yield { number, value: bytes(varint()) };
        break;
      case FIXED32:
        yield { number, value: bytes(4) };
        break;
      default:
        throw wrong();
    }
  }
}
