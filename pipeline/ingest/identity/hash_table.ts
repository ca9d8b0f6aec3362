/**
 * A map from 32-bit keys (not 0) to 32-bit numbers in one typed array: open addressing, linear
 * probing, each value beside its key. Five million entries take 130 MB; a `Map` takes several times
 * that.
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
    if (this.#size > this.#slots.length * 0.3) this.#grow();
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
