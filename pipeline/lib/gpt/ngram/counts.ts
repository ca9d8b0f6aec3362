/**
 * Counts of all n-grams up to an order, over integer symbols (words, characters or BPE tokens).
 *
 * Each order is a table of nodes; a node is one distinct n-gram, held as (the node of its first
 * n − 1 symbols, its last symbol). `suffix` is the node of its last n − 1 symbols one order below,
 * which is all that Kneser-Ney smoothing needs beside the counts. Counting is one pass: at each
 * position the n-gram of every order is the child of the (n − 1)-gram that ended one symbol before.
 *
 * Node 0 of order 0 is the empty n-gram. Memory: 26 bytes a node plus 8 of hash table.
 */

const FREE = 0xffffffff;

/** The distinct n-grams of one order. */
export class Order {
  size = 0;
  /** Node of the first n − 1 symbols, in the order below. */
  parent = new Uint32Array(1024);
  symbol = new Uint32Array(1024);
  /** Node of the last n − 1 symbols, in the order below. */
  suffix = new Uint32Array(1024);
  count = new Uint32Array(1024);
  /** Distinct patients in whose notes it occurs; a public text counts as several. */
  patients = new Uint32Array(1024);
  /** The last patient seen, so that one patient counts once. */
  #lastPatient = new Uint32Array(1024).fill(FREE);
  #slots = new Uint32Array(4096).fill(FREE);

  /** The node of (parent, symbol), or undefined if that n-gram never occurred. */
  find(parent: number, symbol: number): number | undefined {
    const node = this.#slots[this.#slot(parent, symbol)];
    return node === FREE ? undefined : node;
  }

  /** Counts one occurrence in a note of `patient`, who counts as `patients`; returns the node. */
  add(parent: number, symbol: number, suffix: number, patient: number, patients = 1): number {
    const slot = this.#slot(parent, symbol);
    let node = this.#slots[slot];
    if (node === FREE) {
      node = this.size++;
      if (node === this.parent.length) this.#growNodes();
      this.parent[node] = parent;
      this.symbol[node] = symbol;
      this.suffix[node] = suffix;
      this.#slots[slot] = node;
      if (this.size * 2 > this.#slots.length) this.#growSlots();
    }
    this.count[node]++;
    if (this.#lastPatient[node] !== patient) {
      this.#lastPatient[node] = patient;
      this.patients[node] += patients;
    }
    return node;
  }

  /** The slot that holds (parent, symbol) or that is free for it: linear probing. */
  #slot(parent: number, symbol: number): number {
    const mask = this.#slots.length - 1;
    // Multiplicative hashing (Knuth, TAOCP 6.4) of both halves, folded so that high bits count.
    let hash = Math.imul(parent, 0x9e3779b1) ^ Math.imul(symbol + 0x7f4a7c15, 0x85ebca6b);
    hash = (hash ^ (hash >>> 15)) & mask;
    for (;; hash = (hash + 1) & mask) {
      const node = this.#slots[hash];
      if (node === FREE) return hash;
      if (this.parent[node] === parent && this.symbol[node] === symbol) return hash;
    }
  }

  #growNodes(): void {
    const grow = (old: Uint32Array<ArrayBuffer>, fill = 0) => {
      const bigger = new Uint32Array(old.length * 2);
      if (fill) bigger.fill(fill);
      bigger.set(old);
      return bigger;
    };
    this.parent = grow(this.parent);
    this.symbol = grow(this.symbol);
    this.suffix = grow(this.suffix);
    this.count = grow(this.count);
    this.patients = grow(this.patients);
    this.#lastPatient = grow(this.#lastPatient, FREE);
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2).fill(FREE);
    for (let node = 0; node < this.size; node++) {
      this.#slots[this.#slot(this.parent[node], this.symbol[node])] = node;
    }
  }
}

/**
 * Counts of n-grams of orders 1 to `order`. Sequences (notes) do not run into each other; a
 * sequence should begin with a symbol of its own that marks the start.
 */
export class NgramCounts {
  /** `orders[n]` holds the n-grams; `orders[0]` the one empty n-gram. */
  readonly orders: readonly Order[];

  constructor(readonly order: number) {
    this.orders = Array.from({ length: order + 1 }, () => new Order());
    this.orders[0].size = 1;
  }

  /**
   * Adds a sequence from a note of `patient`. Notes of one patient must follow each other. A public
   * text has a number of its own in that place and may count as several `patients`: its phrases are
   * nobody's secret.
   */
  addSequence(symbols: ArrayLike<number>, patient: number, patients = 1): void {
    let history: number[] = [0];
    for (let position = 0; position < symbols.length; position++) {
      const next = [0];
      for (let n = 1; n <= this.order && n <= position + 1; n++) {
        const [parent, suffix] = [history[n - 1], next[n - 1]];
        next[n] = this.orders[n].add(parent, symbols[position], suffix, patient, patients);
      }
      history = next;
    }
  }

  /**
   * The nodes of the suffixes of `context`, by length: `[0, node of the last symbol, …]`, as long
   * as they occurred. The empty context is always there.
   */
  contextNodes(context: ArrayLike<number>): number[] {
    const nodes = [0];
    for (let length = 1; length < this.order && length <= context.length; length++) {
      let node: number | undefined = 0;
      for (let n = 1; n <= length && node !== undefined; n++) {
        node = this.orders[n].find(node, context[context.length - length + n - 1]);
      }
      if (node === undefined) break;
      nodes.push(node);
    }
    return nodes;
  }
}
