/** A piece of a stream in one array: what is not yet used of the chunks before, then the last one. */
export class ByteWindow {
  #buffer = new Uint8Array(1 << 16);
  #length = 0;

  /** Valid until the next `advance`. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Drops `used` bytes from the beginning and appends a chunk. */
  advance(used: number, chunk: Uint8Array): void {
    const kept = this.#length - used;
    const length = kept + chunk.length;
    if (length <= this.#buffer.length) this.#buffer.copyWithin(0, used, this.#length);
    else {
      const larger = new Uint8Array(length + (length >> 2));
      larger.set(this.#buffer.subarray(used, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, kept);
    this.#length = length;
  }
}
