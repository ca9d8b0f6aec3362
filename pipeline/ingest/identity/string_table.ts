/**
 * Different strings, numbered in the order in which they came, in typed arrays: a `Set` of as many
 * takes several times the memory and ends at 2^24.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class StringTable {
  /** UTF-8 of all strings, one after the other. */
  #bytes = new Uint8Array(1 << 16);
  /** Where each string begins, and where the last one ends. */
  #starts = new Float64Array(1 << 10);
  /** Slot s holds the number of a string, plus 1. */
  #slots = new Uint32Array(1 << 12);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The number of `text`, or undefined. */
  find(text: string): number | undefined {
    const number = this.#slots[this.#slotOf(this.#place(text))];
    return number === 0 ? undefined : number - 1;
  }

  /** The number of `text`, which is added if it is not there yet. */
  add(text: string): number {
    const end = this.#place(text);
    const slot = this.#slotOf(end);
    if (this.#slots[slot] !== 0) return this.#slots[slot] - 1;
    this.#slots[slot] = ++this.#length;
    if (this.#length + 1 > this.#starts.length) this.#starts = grown(this.#starts);
    this.#starts[this.#length] = end;
    if (this.#length * 2 > this.#slots.length) this.#rehash();
    return this.#length - 1;
  }

  get(index: number): string {
    return decoder.decode(this.#bytes.subarray(this.#starts[index], this.#starts[index + 1]));
  }

  /** Writes `text` behind the others; returns where it ends. */
  #place(text: string): number {
    const start = this.#starts[this.#length];
    while (this.#bytes.length < start + 3 * text.length) this.#bytes = grown(this.#bytes);
    // Ids are ASCII and short: a call into the encoder would take longer.
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) return start + encoder.encodeInto(text, this.#bytes.subarray(start)).written;
      this.#bytes[start + at] = code;
    }
    return start + text.length;
  }

  /** The slot of the string that was placed last, or the empty one where it would go. */
  #slotOf(end: number): number {
    const start = this.#starts[this.#length];
    const mask = this.#slots.length - 1;
    for (let slot = this.#hash(start, end) & mask;; slot = slot + 1 & mask) {
      const number = this.#slots[slot];
      if (number === 0 || this.#same(number - 1, start, end)) return slot;
    }
  }

  #same(index: number, start: number, end: number): boolean {
    const other = this.#starts[index];
    if (this.#starts[index + 1] - other !== end - start) return false;
    for (let at = start; at < end; at++) {
      if (this.#bytes[at] !== this.#bytes[other + at - start]) return false;
    }
    return true;
  }

  /** FNV-1a (Fowler, Noll, Vo), its high bits mixed into the low ones. */
  #hash(start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ this.#bytes[at], 0x01000193);
    return (hash ^ hash >>> 15) >>> 0;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.#length; index++) {
      let slot = this.#hash(this.#starts[index], this.#starts[index + 1]) & mask;
      while (this.#slots[slot] !== 0) slot = slot + 1 & mask;
      this.#slots[slot] = index + 1;
    }
  }
}

function grown<T extends Uint8Array | Float64Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2);
  larger.set(array);
  return larger;
}
