/**
 * The vocabulary, counted two ways in one scan. A *raw word* is what stands between white space,
 * as written. A *word* is a run of letters, digits and inner apostrophes in lower case.
 */

import { HASH_START, hashStep, type WordCounts, WordTable } from "./word_table.ts";

/** What one worker found. */
export interface VocabularyPart {
  raw: WordCounts;
  words: WordCounts;
  /** Occurrences by code point. */
  characters: Map<number, number>;
}

const APOSTROPHE = 0x27;
const isSpace = (byte: number) => byte === 0x20 || (byte >= 9 && byte <= 13);
/** By byte: the byte a word is spelled with (lower case; UTF-8 beyond ASCII as it is), or 0. */
const spelling = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (/[A-Za-z0-9]/.test(char)) return char.toLowerCase().charCodeAt(0);
  return byte >= 0x80 ? byte : 0;
});
/** Continuation bytes after the lead bytes of U+0080-U+00BF (° ±) and U+2000-U+2FFF (dashes, arrows). */
const symbolBytes = (byte: number) => byte === 0xc2 ? 1 : byte === 0xe2 ? 2 : 0;

/** Counts the notes given to one worker. */
export class VocabularyCounter {
  readonly #raw = new WordTable();
  readonly #words = new WordTable();
  readonly #ascii = new Float64Array(128);
  readonly #others = new Map<number, number>();
  #spelled = new Uint8Array(1 << 12);

  /** Counts one note; returns how many raw words and words it has. */
  add(bytes: Uint8Array, note: number): { rawWords: number; words: number } {
    this.#addCharacters(bytes);
    return { rawWords: this.#addRawWords(bytes, note), words: this.#addWords(bytes, note) };
  }

  part(): VocabularyPart {
    const characters = new Map(this.#others);
    this.#ascii.forEach((count, code) => count > 0 && characters.set(code, count));
    return { raw: this.#raw.take(), words: this.#words.take(), characters };
  }

  #addCharacters(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte < 0x80) this.#ascii[byte]++;
      else if (byte >= 0xc0) {
        const code = codePoint(bytes, at);
        this.#others.set(code, (this.#others.get(code) ?? 0) + 1);
      }
    }
  }

  #addRawWords(bytes: Uint8Array, note: number): number {
    let count = 0;
    for (let at = 0; at < bytes.length;) {
      while (at < bytes.length && isSpace(bytes[at])) at++;
      const from = at;
      let hash = HASH_START;
      for (; at < bytes.length && !isSpace(bytes[at]); at++) hash = hashStep(hash, bytes[at]);
      if (at === from) break;
      this.#raw.add(bytes, from, at, hash >>> 0, 1, note);
      count++;
    }
    return count;
  }

  #addWords(bytes: Uint8Array, note: number): number {
    if (this.#spelled.length < bytes.length) this.#spelled = new Uint8Array(bytes.length * 2);
    const spelled = this.#spelled;
    let count = 0, length = 0, hash = HASH_START, skip = 0;
    for (let at = 0; at <= bytes.length; at++) {
      const byte = at < bytes.length ? bytes[at] : 0;
      let letter = spelling[byte];
      if (skip > 0 || symbolBytes(byte) > 0) {
        skip = skip > 0 ? skip - 1 : symbolBytes(byte);
        letter = 0;
      } else if (byte === APOSTROPHE && length > 0 && spelling[bytes[at + 1]] > 0) {
        letter = APOSTROPHE;
      }
      if (letter > 0) {
        spelled[length++] = letter;
        hash = hashStep(hash, letter);
      } else if (length > 0) {
        this.#words.add(spelled, 0, length, hash >>> 0, 1, note);
        count++;
        length = 0;
        hash = HASH_START;
      }
    }
    return count;
  }
}

/** The code point whose UTF-8 starts at `at`. */
function codePoint(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [
    bytes[at],
    bytes[at + 1] & 0x3f,
    bytes[at + 2] & 0x3f,
    bytes[at + 3] & 0x3f,
  ];
  if (a < 0xe0) return (a & 0x1f) << 6 | b;
  if (a < 0xf0) return (a & 0x0f) << 12 | b << 6 | c;
  return (a & 0x07) << 18 | b << 12 | c << 6 | d;
}
