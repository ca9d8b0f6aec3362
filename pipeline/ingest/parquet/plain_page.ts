/**
 * The values of a column in Parquet's PLAIN encoding: int32 little-endian; a string as its length
 * in four bytes and its UTF-8. Where a column may hold nulls, run-length coded definition levels
 * (1 a value, 0 a null) stand before the values.
 */

import type { Column } from "./format.ts";
import { writeVarint } from "./thrift.ts";

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();

/** Grows as values are appended. */
export class PlainPage {
  readonly #optional: boolean;
  #bytes = new Uint8Array(1 << 12);
  #used = 0;
  /** Values and nulls so far. */
  rows = 0;
  /** Lengths of the runs of values and nulls, alternating, values first. */
  #runs: number[] = [0];

  constructor({ optional }: Column) {
    this.#optional = optional;
  }

  string(value: string | null): void {
    this.#count(value !== null);
    if (value === null) return;
    this.#reserve(LENGTH_BYTES + 3 * value.length);
    const start = this.#used + LENGTH_BYTES;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start));
    writeUint32(this.#bytes, this.#used, written);
    this.#used = start + written;
  }

  int32(value: number): void {
    this.#count(true);
    this.#reserve(4);
    writeUint32(this.#bytes, this.#used, value);
    this.#used += 4;
  }

  #count(present: boolean): void {
    this.rows++;
    const isValueRun = this.#runs.length % 2 === 1;
    if (present === isValueRun) this.#runs[this.#runs.length - 1]++;
    else this.#runs.push(1);
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#used + count));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }

  /** The page's bytes, in memory of their own; the page is empty again. */
  take(): Uint8Array<ArrayBuffer> {
    const levels = this.#optional ? definitionLevels(this.#runs) : [];
    const page = new Uint8Array(levels.length + this.#used);
    page.set(levels);
    page.set(this.#bytes.subarray(0, this.#used), levels.length);
    this.#used = this.rows = 0;
    this.#runs = [0];
    return page;
  }
}

/** Their length in four bytes, then each run as its length, doubled, and its level. */
function definitionLevels(runs: readonly number[]): number[] {
  const coded: number[] = [];
  runs.forEach((length, index) => {
    if (length === 0) return;
    writeVarint(length * 2, coded);
    coded.push(index % 2 === 0 ? 1 : 0);
  });
  const size = new Uint8Array(4);
  writeUint32(size, 0, coded.length);
  return [...size, ...coded];
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Texts as a page, in memory that two threads share; for a column without nulls. */
export class TextPage {
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  #used = 0;
  rows = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(new SharedArrayBuffer(capacity));
  }

  /** Appends a text; false if there is no room left. */
  append(text: Uint8Array): boolean {
    const end = this.#used + LENGTH_BYTES + text.length;
    if (end > this.#bytes.length) return false;
    writeUint32(this.#bytes, this.#used, text.length);
    this.#bytes.set(text, this.#used + LENGTH_BYTES);
    this.#used = end;
    this.rows++;
    return true;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  get bytes(): Uint8Array<SharedArrayBuffer> {
    return this.#bytes.subarray(0, this.#used);
  }

  clear(): void {
    this.#used = this.rows = 0;
  }

  /** What a page needs to hold this one text. */
  static bytesFor(text: Uint8Array): number {
    return LENGTH_BYTES + text.length;
  }
}
