/** A list of 32-bit numbers in one typed array that grows. */
export class Numbers {
  #values = new Uint32Array(1 << 12);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  get(index: number): number {
    return this.#values[index];
  }

  /** Adds 1 to a number and returns it. */
  increment(index: number): number {
    return ++this.#values[index];
  }
}
