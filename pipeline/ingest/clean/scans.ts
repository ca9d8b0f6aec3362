/** The scans that see every byte of every note, as kernels in WebAssembly. */

import { compileAssemblyScript } from "../../lib/base/assemblyscript.ts";

/** How many minima a signature has. */
export const BINS = 128;
/** What a bin holds that no run of letters fell into. */
export const EMPTY = 0xffffffff;

/**
 * Runs of letters that a signature is taken from, where a note has more: three for each bin. Of a
 * note of 11 kB it is one in sixteen. A note that says the same again and again has few different
 * ones among them, often none; where they fill less than half of the bins, all runs are looked at.
 */
const WANTED_RUNS = 3 * BINS;
const FEWEST_BINS = BINS / 2;
/** As many as the kernel can count in 32 bits. */
const ALL_RUNS = 2 ** 26 - 1;

interface Kernels {
  isPlain(text: number, length: number): number;
  lettersOf(text: number, length: number, order: number, out: number): number;
  signature(letters: number, count: number, wanted: number, ranks: number, out: number): number;
}

// Where things lie in the memory; the text and its letters follow.
const SIGNATURE_AT = 64;
const RANKS_AT = SIGNATURE_AT + 4 * BINS;
const ORDER_AT = RANKS_AT + 64;
const TEXT_AT = ORDER_AT + 256 * 8;
/** What the kernels may read or write behind what they are given. */
const SLACK = 128;
const PAGE_BYTES = 65536;

export class Scans {
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  #bytes: Uint8Array;

  private constructor(memory: WebAssembly.Memory, kernels: Kernels) {
    this.#memory = memory;
    this.#kernels = kernels;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#bytes.set(lanesInOrder(), ORDER_AT);
  }

  static async load(): Promise<Scans> {
    const memory = new WebAssembly.Memory({ initial: 4 });
    const kernels = await compileAssemblyScript(new URL("../kernels/", import.meta.url));
    const { instance: { exports } } = await WebAssembly.instantiate(kernels, { env: { memory } });
    return new Scans(memory, exports as unknown as Kernels);
  }

  /** Whether a text holds nothing but tabs, line feeds and printable ASCII. */
  isPlain(text: Uint8Array): boolean {
    this.#place(text);
    return this.#kernels.isPlain(TEXT_AT, text.length) === 1;
  }

  /**
   * Fills `into` with the signature of a text in UTF-8 (kernels/signature.ts); returns how many runs
   * of letters the text has.
   */
  signature(text: Uint8Array, into: Uint32Array): number {
    const { lettersOf, signature } = this.#kernels;
    const lettersAt = this.#place(text);
    const letters = lettersOf(TEXT_AT, text.length, ORDER_AT, lettersAt);
    const minima = new Uint32Array(this.#memory.buffer, SIGNATURE_AT, BINS);
    const look = (wanted: number) => {
      minima.fill(EMPTY);
      return signature(lettersAt, letters, wanted, RANKS_AT, SIGNATURE_AT);
    };
    const runs = look(WANTED_RUNS);
    if (runs > WANTED_RUNS && used(minima) < FEWEST_BINS) look(Math.min(runs, ALL_RUNS));
    into.set(minima);
    return runs;
  }

  /** Copies a text to its place, spaces behind it; returns where there is room for its letters. */
  #place(text: Uint8Array): number {
    const end = TEXT_AT + text.length;
    const lettersAt = end + SLACK;
    const missing = lettersAt + text.length + SLACK - this.#bytes.length;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    this.#bytes.set(text, TEXT_AT);
    this.#bytes.fill(0x20, end, end + 16);
    return lettersAt;
  }
}

/** Bins that a run fell into. */
const used = (minima: Uint32Array) =>
  minima.reduce((bins, value) => value === EMPTY ? bins : bins + 1, 0);

/** Of each set of 8 lanes, the lanes in it, one after the other. */
function lanesInOrder(): Uint8Array {
  const order = new Uint8Array(256 * 8);
  for (let set = 0; set < 256; set++) {
    let at = set * 8;
    for (let lane = 0; lane < 8; lane++) if (set >> lane & 1) order[at++] = lane;
  }
  return order;
}
