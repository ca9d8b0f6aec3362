/**
 * A map from keys of 32 bits (not 0) to numbers of 32 bits in one typed array: open addressing,
 * linear probing, each value beside its key.
 */
export class HashTable {
  /** Slot s holds its key at 2s, its value at 2s + 1. */
  #slots = new Uint32Array(2 << 16);
  #size = 0;

  get(key: number): number | undefined {
    const at = this.#find(key);
    return this.#slots[at] === key ? this.#slots[at + 1] : undefined;
  }

  setIfAbsent(key: number, value: number): void {
    const at = this.#find(key);
    if (this.#slots[at] === key) return;
    this.#slots[at] = key;
    this.#slots[at + 1] = value;
    this.#size++;
    if (this.#size > this.#slots.length * 0.35) this.#grow();
  }

  /** Where `key` stands, or the empty slot where it would go. */
  #find(key: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (Math.imul(key, 0x9e3779b1) << 1) & mask;
    while (slots[at] !== 0 && slots[at] !== key) at = at + 2 & mask;
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += 2) {
      if (old[slot] === 0) continue;
      const at = this.#find(old[slot]);
      this.#slots[at] = old[slot];
      this.#slots[at + 1] = old[slot + 1];
    }
  }
}

/** The same for keys of 64 bits, for digests: among 10^8 of them no two are likely to be alike. */
export class DigestTable {
  /** Slot s holds its key at 3s and 3s + 1, its value, plus 1, at 3s + 2. */
  #slots = new Uint32Array(3 << 12);
  #capacity = 1 << 12;
  #size = 0;

  get(high: number, low: number): number | undefined {
    const value = this.#slots[this.#find(high, low) + 2];
    return value === 0 ? undefined : value - 1;
  }

  setIfAbsent(high: number, low: number, value: number): void {
    const at = this.#find(high, low);
    if (this.#slots[at + 2] !== 0) return;
    this.#slots.set([high, low, value + 1], at);
    if (++this.#size > this.#capacity * 0.6) this.#grow();
  }

  #find(high: number, low: number): number {
    const slots = this.#slots, mask = this.#capacity - 1;
    for (let slot = high & mask;; slot = slot + 1 & mask) {
      const at = 3 * slot;
      if (slots[at + 2] === 0 || (slots[at] === high && slots[at + 1] === low)) return at;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#capacity *= 2;
    this.#slots = new Uint32Array(3 * this.#capacity);
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] === 0) continue;
      this.#slots.set(old.subarray(at, at + 3), this.#find(old[at], old[at + 1]));
    }
  }
}
