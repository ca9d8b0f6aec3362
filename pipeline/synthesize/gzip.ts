/**
 * One gzip member (RFC 1952) put together from pieces that were deflated apart, in the way pigz
 * does it: each piece ends on a byte boundary without the final bit, so they can be joined. One
 * member, because some readers (the web's DecompressionStream) stop after the first.
 */

import { constants, crc32, deflateRawSync } from "node:zlib";

/** A deflated piece, with what the trailer needs to know about its content. */
export interface DeflatedPiece {
  bytes: Uint8Array;
  crc: number;
  length: number;
}

/** Level 4: a good deal faster than 6, for hardly larger files. */
const LEVEL = 4;

export function deflatePiece(content: Uint8Array): DeflatedPiece {
  const bytes = deflateRawSync(content, { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
  return { bytes, crc: crc32(content), length: content.length };
}

/** Magic, deflate, no flags, no time stamp (so that equal content is equal bytes), unknown OS. */
export const gzipHeader = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/** Follows the pieces: an empty final block, then CRC and length of everything. */
export class GzipTrailer {
  #crc = 0;
  #length = 0;

  add(piece: DeflatedPiece): void {
    this.#crc = combineCrc(this.#crc, piece.crc, piece.length);
    this.#length += piece.length;
  }

  bytes(): Uint8Array {
    const trailer = new Uint8Array(10);
    trailer.set([0x03, 0x00]);
    const view = new DataView(trailer.buffer);
    view.setUint32(2, this.#crc, true);
    view.setUint32(6, this.#length % 2 ** 32, true);
    return trailer;
  }
}

/** The CRC-32 polynomial, bits reversed. */
const POLYNOMIAL = 0xedb88320;

/**
 * The CRC of two texts joined, from theirs: the first is carried over `length` zero bytes by
 * squaring the operator "one zero bit" as a 32×32 matrix over GF(2), then added (xor).
 */
export function combineCrc(first: number, second: number, length: number): number {
  let operator = Array.from({ length: 32 }, (_, bit) => bit === 0 ? POLYNOMIAL : 1 << (bit - 1));
  operator = square(square(square(operator))); // one zero byte
  let crc = first;
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) crc = apply(operator, crc);
    operator = square(operator);
  }
  return (crc ^ second) >>> 0;
}

function apply(operator: number[], vector: number): number {
  let sum = 0;
  for (let bit = 0; bit < 32; bit++) if (vector & (1 << bit)) sum ^= operator[bit];
  return sum;
}

const square = (operator: number[]) => operator.map((column) => apply(operator, column));
