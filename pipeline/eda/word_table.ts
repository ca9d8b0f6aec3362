/**
 * Counts words given as bytes. Ten million different words have to fit beside everything else, so
 * they lie one after the other in one byte array with an open-addressing table over it, instead of
 * being JavaScript strings in a `Map`.
 */

const START_SLOTS = 1 << 14;
const FULLEST = 0.6;

/** What a table holds, as arrays that a worker can hand over. Word `i` ends at `ends[i]`. */
export interface WordCounts {
  bytes: Uint8Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
  counts: Uint32Array<ArrayBuffer>;
  /** Index of the first note with the word. */
  firstNotes: Uint32Array<ArrayBuffer>;
}

export class WordTable {
  /** Words so far. */
  size = 0;
  #slots = new Uint32Array(START_SLOTS); // word number + 1, or 0
  #hashes = new Uint32Array(START_SLOTS / 2);
  #ends = new Uint32Array(START_SLOTS / 2);
  #counts = new Uint32Array(START_SLOTS / 2);
  #firstNotes = new Uint32Array(START_SLOTS / 2);
  #bytes = new Uint8Array(START_SLOTS * 8);
  #used = 0;

  /** Counts the word `bytes[from..to)`, whose hash is `hash`. */
  add(
    bytes: Uint8Array,
    from: number,
    to: number,
    hash: number,
    count: number,
    note: number,
  ): void {
    const mask = this.#slots.length - 1;
    for (let slot = mix(hash) & mask;; slot = slot + 1 & mask) {
      const word = this.#slots[slot] - 1;
      if (word < 0) {
        this.#insert(slot, bytes, from, to, hash, count, note);
        return;
      }
      if (this.#hashes[word] === hash && this.#equals(word, bytes, from, to)) {
        this.#counts[word] += count;
        if (note < this.#firstNotes[word]) this.#firstNotes[word] = note;
        return;
      }
    }
  }

  #equals(word: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = word === 0 ? 0 : this.#ends[word - 1];
    if (this.#ends[word] - start !== to - from) return false;
    for (let i = from, j = start; i < to; i++, j++) if (bytes[i] !== this.#bytes[j]) return false;
    return true;
  }

  #insert(
    slot: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    hash: number,
    count: number,
    note: number,
  ): void {
    const word = this.size++;
    if (word === this.#ends.length) this.#growWords();
    if (this.#used + to - from > this.#bytes.length) this.#bytes = doubled(this.#bytes, to - from);
    for (let i = from; i < to; i++) this.#bytes[this.#used++] = bytes[i];
    this.#hashes[word] = hash;
    this.#ends[word] = this.#used;
    this.#counts[word] = count;
    this.#firstNotes[word] = note;
    this.#slots[slot] = word + 1;
    if (this.size > this.#slots.length * FULLEST) this.#rehash();
  }

  #growWords(): void {
    this.#hashes = doubled(this.#hashes);
    this.#ends = doubled(this.#ends);
    this.#counts = doubled(this.#counts);
    this.#firstNotes = doubled(this.#firstNotes);
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let word = 0; word < this.size; word++) {
      let slot = mix(this.#hashes[word]) & mask;
      while (slots[slot] !== 0) slot = slot + 1 & mask;
      slots[slot] = word + 1;
    }
    this.#slots = slots;
  }

  /** Adds every word of another table. */
  merge({ bytes, ends, counts, firstNotes }: WordCounts): void {
    for (let word = 0, from = 0; word < ends.length; word++) {
      const to = ends[word];
      this.add(bytes, from, to, hashOf(bytes, from, to), counts[word], firstNotes[word]);
      from = to;
    }
  }

  /** Gives the arrays away, cut to their used length, without a copy; the table is then empty. */
  take(): WordCounts {
    const counts: WordCounts = {
      bytes: new Uint8Array(this.#bytes.buffer.transfer(this.#used)),
      ends: cut(this.#ends, this.size),
      counts: cut(this.#counts, this.size),
      firstNotes: cut(this.#firstNotes, this.size),
    };
    this.size = 0;
    this.#used = 0;
    this.#slots = new Uint32Array(START_SLOTS);
    this.#hashes = new Uint32Array(START_SLOTS / 2);
    this.#ends = new Uint32Array(START_SLOTS / 2);
    this.#counts = new Uint32Array(START_SLOTS / 2);
    this.#firstNotes = new Uint32Array(START_SLOTS / 2);
    this.#bytes = new Uint8Array(START_SLOTS * 8);
    return counts;
  }
}

const cut = (array: Uint32Array<ArrayBuffer>, length: number) =>
  new Uint32Array(array.buffer.transfer(length * 4));

/** The text of word `index`. */
export function wordAt({ bytes, ends }: WordCounts, index: number): string {
  return new TextDecoder().decode(bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]));
}

/** Start value and step of the hash, for scanners that hash while they look for a word's end. */
export const HASH_START = 0x811c9dc5 | 0;
/** FNV-1a (Fowler, Noll, Vo), 32 bits. */
export const hashStep = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = HASH_START;
  for (let i = from; i < to; i++) hash = hashStep(hash, bytes[i]);
  return hash >>> 0;
}

/** FNV's low bits are its weak ones. */
const mix = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;

function doubled<A extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  array: A,
  atLeast = 0,
): A {
  const length = Math.max(array.length * 2, array.length + atLeast);
  const larger = new (array.constructor as new (length: number) => A)(length);
  larger.set(array);
  return larger;
}
