/**
 * The index of a context: its units in order (units.ts), where each key occurs, and how each is
 * written. Built once when a context comes, in time that grows with its length alone; the context
 * is not tokenized, only the words that are looked at are.
 */

import type { Tokenizer } from "../types.ts";
import { bytesText, type Vocabulary } from "../vocabulary.ts";
import { type ContextLine, linesOf } from "./lines.ts";
import { type Reading, readLines } from "./reading.ts";
import type { ContextItem } from "./types.ts";

/** A unit as it is written somewhere: the bytes with the space before them, and their tokens. */
export interface Form {
  bytes: string;
  tokens: readonly number[];
}

/** How a unit is to be written at a caret. */
export interface Mode {
  /** Whether a space stands before it: not at the start of a line, and not behind a bracket. */
  spaced: boolean;
  /** Whether it starts a sentence. */
  capital: boolean;
}

export class ContextIndex {
  readonly items: readonly ContextItem[];
  readonly lines: readonly ContextLine[];
  readonly #reading: Reading;
  /** Units of key `k`: #places[#firstPlace[k]…#firstPlace[k + 1]]. */
  readonly #firstPlace: Int32Array;
  readonly #places: Int32Array;
  readonly #tokenizer: Tokenizer;
  readonly #vocabulary: Vocabulary;
  readonly #encodesWords: boolean;
  /** By mode, and by unit. */
  readonly #formsAt: (Form | undefined)[][] = [];
  readonly #forms = new Map<string, Form>();

  constructor(items: readonly ContextItem[], tokenizer: Tokenizer, vocabulary: Vocabulary) {
    this.items = items;
    this.lines = linesOf(items);
    this.#tokenizer = tokenizer;
    this.#vocabulary = vocabulary;
    this.#encodesWords = vocabulary.joinsInOrder(tokenizer);
    const { key, keys } = this.#reading = readLines(this.lines);
    this.#firstPlace = new Int32Array(keys.length + 1);
    for (const id of key) this.#firstPlace[id + 1]++;
    for (let id = 0; id < keys.length; id++) this.#firstPlace[id + 1] += this.#firstPlace[id];
    const next = this.#firstPlace.slice();
    this.#places = new Int32Array(key.length);
    key.forEach((id, at) => this.#places[next[id]++] = at);
  }

  /** Number of units. */
  get length(): number {
    return this.#reading.key.length;
  }

  /** By unit: its key's id. */
  get key(): Int32Array {
    return this.#reading.key;
  }

  /** By unit: its line's place in `lines`. */
  get line(): Int32Array {
    return this.#reading.line;
  }

  /** All keys, by id. */
  get keys(): readonly string[] {
    return this.#reading.keys;
  }

  /** The id of a key, if it occurs. */
  idOf(key: string): number | undefined {
    return this.#reading.idOf.get(key);
  }

  /** Where the key `id` stands, first to last. */
  placesOf(id: number): Int32Array {
    return this.#places.subarray(this.#firstPlace[id], this.#firstPlace[id + 1]);
  }

  /** Whether the unit behind `at` is in the same line. */
  goesOn(at: number): boolean {
    return at + 1 < this.length && this.line[at + 1] === this.line[at];
  }

  /** The item that the unit at `at` belongs to. */
  itemOf(at: number): number {
    return this.lines[this.line[at]].item;
  }

  /** The unit at `at` as it is to be written in `mode`, attached to what precedes it as there. */
  formAt(at: number, { spaced, capital }: Mode): Form {
    const forms = this.#formsAt[Number(spaced) * 2 + Number(capital)] ??= new Array(this.length);
    return forms[at] ??= this.#newFormAt(at, { spaced, capital });
  }

  #newFormAt(at: number, { spaced, capital }: Mode): Form {
    const glued = this.#reading.glued[at] === 1;
    const word = this.#wordOf(this.key[at], capital && !glued);
    return this.#formOf((spaced && !glued ? " " : "") + this.#reading.lead[at] + word);
  }

  /** Key `id` as it is to be written in `mode`. */
  form(id: number, { spaced, capital }: Mode): Form {
    return this.#formOf((spaced ? " " : "") + this.#wordOf(id, capital));
  }

  /** Whether key `id` was written with a capital somewhere, and is not where no sentence starts. */
  mayBeName(id: number): boolean {
    return this.#reading.capitals.has(id) && /^[a-z]/.test(this.#reading.words[id]);
  }

  #wordOf(id: number, capital: boolean): string {
    const word = this.#reading.words[id];
    return capital && /^[a-z]/.test(word) ? word[0].toUpperCase() + word.slice(1) : word;
  }

  #formOf(bytes: string): Form {
    let form = this.#forms.get(bytes);
    if (form === undefined) this.#forms.set(bytes, form = { bytes, tokens: this.#encode(bytes) });
    return form;
  }

  #encode(bytes: string): readonly number[] {
    return this.#encodesWords && this.#vocabulary.encodeWord(bytes) ||
      this.#tokenizer.encode(bytesText(bytes).text);
  }
}
