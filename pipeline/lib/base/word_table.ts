/**
 * A growing set of byte strings, each with an index: what words and pre-tokens are counted in, and
 * what the encoder looks up its finished words in. Open addressing over flat arrays: no object and
 * no string is made per word, which is most of the distance to a `Map<string, number>`.
 */

export class WordTable {
  /** Number of words. Word `i` is `bytes[starts[i]..starts[i + 1]]`. */
  size = 0;
  bytes: Uint8Array<ArrayBuffer>;
  starts: Uint32Array<ArrayBuffer>;
  #hashes: Int32Array<ArrayBuffer>;
  /** Index + 1 of the word in each slot, 0 where empty. Twice as many slots as words, at least. */
  #slots: Int32Array<ArrayBuffer>;

  constructor(words = 1 << 12) {
    this.bytes = new Uint8Array(words * 8);
    this.starts = new Uint32Array(words + 1);
    this.#hashes = new Int32Array(words);
    this.#slots = new Int32Array(words * 2);
  }

  /** Index of `source[start..end]`, added if new (then it is the old `size`). */
  intern(source: Uint8Array, start: number, end: number): number {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i], 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let found; (found = this.#slots[slot]) !== 0; slot = (slot + 1) & mask) {
      if (this.#hashes[found - 1] === hash && this.#equals(found - 1, source, start, end)) {
        return found - 1;
      }
    }
    return this.#add(source, start, end, hash, slot);
  }

  #equals(index: number, source: Uint8Array, start: number, end: number): boolean {
    let at = this.starts[index];
    if (this.starts[index + 1] - at !== end - start) return false;
    for (let i = start; i < end; i++) if (this.bytes[at++] !== source[i]) return false;
    return true;
  }

  #add(source: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const index = this.size++;
    const at = this.starts[index];
    this.bytes = grown(this.bytes, at + end - start);
    this.bytes.set(source.subarray(start, end), at);
    this.starts = grown(this.starts, index + 2);
    this.starts[index + 1] = at + end - start;
    this.#hashes = grown(this.#hashes, index + 1);
    this.#hashes[index] = hash;
    this.#slots[slot] = index + 1;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return index;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = this.#hashes[index] & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = index + 1;
    }
  }

  word(index: number): Uint8Array {
    return this.bytes.subarray(this.starts[index], this.starts[index + 1]);
  }

  /**
   * Gives the words away, cut to their length, without a copy, and is then empty. Word `i` is
   * `bytes[starts[i]..starts[i + 1]]`.
   */
  take(): Pick<WordTable, "bytes" | "starts"> {
    const { bytes, starts, size } = this;
    const [length, start] = [starts[size], new WordTable()];
    this.size = 0;
    [this.bytes, this.starts] = [start.bytes, start.starts];
    [this.#hashes, this.#slots] = [start.#hashes, start.#slots];
    return {
      bytes: new Uint8Array(bytes.buffer.transfer(length)),
      starts: new Uint32Array(starts.buffer.transfer(4 * (size + 1))),
    };
  }

  /** Forgets all words and keeps the memory. */
  clear(): void {
    this.size = 0;
    this.#slots.fill(0);
  }
}

interface Growing {
  readonly length: number;
  set(from: this): void;
}

/** `array`, or a copy of at least twice its length if it is shorter than `length`. */
export function grown<A extends Growing>(array: A, length: number): A {
  if (length <= array.length) return array;
  const type = array.constructor as new (length: number) => A;
  const larger = new type(Math.max(length, 2 * array.length));
  larger.set(array);
  return larger;
}
