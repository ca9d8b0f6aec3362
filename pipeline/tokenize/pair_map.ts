/**
 * Pairs of token ids → a small index (0, 1, 2, … in order of first appearance). Open addressing on
 * `left · 65536 + right`; the pair (0, 0) cannot occur, since id 0 is the end-of-text token.
 */

export class PairMap {
  size = 0;
  /** The key of each index. */
  keys: Uint32Array<ArrayBuffer>;
  #slotKeys: Uint32Array<ArrayBuffer>;
  #slotIndex: Int32Array<ArrayBuffer>;

  constructor(pairs = 1 << 12) {
    this.keys = new Uint32Array(pairs);
    this.#slotKeys = new Uint32Array(pairs * 2);
    this.#slotIndex = new Int32Array(pairs * 2);
  }

  /** Index of the pair, or -1. */
  find(left: number, right: number): number {
    const slot = this.#slot((left << 16 | right) >>> 0);
    return this.#slotKeys[slot] === 0 ? -1 : this.#slotIndex[slot];
  }

  /** Index of the pair, which is added if new. */
  intern(left: number, right: number): number {
    const key = (left << 16 | right) >>> 0;
    const slot = this.#slot(key);
    if (this.#slotKeys[slot] !== 0) return this.#slotIndex[slot];
    if (this.size === this.keys.length) {
      this.#grow();
      return this.intern(left, right);
    }
    this.keys[this.size] = key;
    this.#slotKeys[slot] = key;
    return this.#slotIndex[slot] = this.size++;
  }

  /** The slot that holds `key`, or the empty one where it belongs. */
  #slot(key: number): number {
    const mask = this.#slotKeys.length - 1;
    // Fibonacci hashing: the high bits of the product depend on all bits of the key.
    let slot = Math.imul(key, 0x9e3779b1) >>> 7 & mask;
    while (this.#slotKeys[slot] !== 0 && this.#slotKeys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.keys;
    this.keys = new Uint32Array(keys.length * 2);
    this.keys.set(keys);
    this.#slotKeys = new Uint32Array(keys.length * 4);
    this.#slotIndex = new Int32Array(keys.length * 4);
    for (let index = 0; index < this.size; index++) {
      const slot = this.#slot(keys[index]);
      this.#slotKeys[slot] = keys[index];
      this.#slotIndex[slot] = index;
    }
  }
}
