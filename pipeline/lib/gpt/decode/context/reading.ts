/** Reads lines into the arrays of an index: one entry a unit, one a key. */

import type { ContextLine } from "./lines.ts";
import { isWordKey, scanUnits } from "./units.ts";

/** What is known of each unit, and of each key. */
export interface Reading {
  /** By unit: its key's id, and its line. */
  key: Int32Array;
  line: Int32Array;
  /** By unit: whether it is attached to the unit before it, and the sign attached to itself. */
  glued: Uint8Array;
  lead: string[];
  /** By key id: the key, and its word as it is written inside a sentence. */
  keys: string[];
  words: string[];
  /** Ids of keys that a sentence's start has, or had, a capital for: they may be names. */
  capitals: ReadonlySet<number>;
  idOf: ReadonlyMap<string, number>;
}

/** What ends a sentence. */
const ENDING = new Set([...".?!:"].map((sign) => sign.charCodeAt(0)));

/** All units of `lines`, in order. */
export function readLines(lines: readonly ContextLine[]): Reading {
  const key: number[] = [], line: number[] = [], glued: number[] = [], lead: string[] = [];
  const spelling = new Spelling();
  lines.forEach(({ text }, number) => {
    const found: number[] = [];
    const bytes = scanUnits(text, (start, word, end) => found.push(start, word, end));
    let starts = true, last = -1;
    for (let at = 0; at < found.length; at += 3) {
      const [start, word, end] = [found[at], found[at + 1], found[at + 2]];
      const id = spelling.read(bytes.slice(word, end), starts);
      key.push(id);
      line.push(number);
      glued.push(start === last ? 1 : 0);
      lead.push(word > start ? bytes.slice(start, word) : "");
      const final = bytes.charCodeAt(end - 1);
      starts = ENDING.has(final) || (starts && !isWordKey(spelling.keys[id]));
      last = end;
    }
  });
  const { keys, words, capitals, idOf } = spelling;
  return {
    key: Int32Array.from(key),
    line: Int32Array.from(line),
    glued: Uint8Array.from(glued),
    lead,
    keys,
    words,
    capitals,
    idOf,
  };
}

/** Keys, and how each is written where no sentence starts. */
class Spelling {
  readonly keys: string[] = [];
  readonly words: string[] = [];
  readonly capitals = new Set<number>();
  readonly idOf = new Map<string, number>();
  /** Ids by word, in any case. */
  readonly #ids = new Map<string, number>();
  /** Ids of keys that were seen inside a sentence. */
  readonly #settled = new Set<number>();

  /** The id of `word`'s key; `starts`: whether a sentence starts with it. */
  read(word: string, starts: boolean): number {
    let id = this.#ids.get(word);
    if (id === undefined) this.#ids.set(word, id = this.#idOf(word));
    if (!starts && !this.#settled.has(id)) {
      this.#settled.add(id);
      this.words[id] = word;
    }
    return id;
  }

  #idOf(word: string): number {
    const key = word.toLowerCase();
    let id = this.idOf.get(key);
    if (id === undefined) {
      id = this.keys.push(key) - 1;
      this.idOf.set(key, id);
      this.words.push(uncapitalised(word));
    }
    if (/^[A-Z][a-z]/.test(word)) this.capitals.add(id);
    return id;
  }
}

/** `word` without the capital that a sentence's start gave it; `HIV` and `McBurney` stay. */
const uncapitalised = (word: string): string =>
  /^[A-Z][a-z]+$/.test(word) ? word.toLowerCase() : word;
