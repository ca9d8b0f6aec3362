/**
 * The vocabulary, counted two ways in one scan. A *raw word* is what stands between white space,
 * as written. A *word* is that of lib/clinical/words.ts in lower case, found in bytes here because
 * gigabytes of text never become strings; a test holds the two to the same words.
 */

import { WordCounter, type WordCounts } from "./word_counter.ts";

/** What one worker found. */
export interface VocabularyPart {
  raw: WordCounts;
  words: WordCounts;
  /** Occurrences by code point. */
  characters: Map<number, number>;
}

const isSpace = (byte: number) => byte === 0x20 || (byte >= 9 && byte <= 13);

/** What a character is to a word. A joiner counts inside a word, a number joiner inside a number. */
const NONE = 0, LETTER = 1, DIGIT = 2, JOINER = 3, NUMBER_JOINER = 4;

function kindOf(code: number): number {
  const character = String.fromCodePoint(code);
  if (/\p{N}/u.test(character)) return DIGIT;
  if (/[\p{L}\p{M}_]/u.test(character)) return LETTER;
  if (/[-‐‑'’./]/.test(character)) return JOINER;
  return /[,:]/.test(character) ? NUMBER_JOINER : NONE;
}

interface Spelling {
  kind: number;
  /** The character in lower case, as UTF-8. */
  lower: Uint8Array;
}

const encoder = new TextEncoder();

function spellingOf(code: number): Spelling {
  return {
    kind: kindOf(code),
    lower: encoder.encode(String.fromCodePoint(code).toLowerCase()),
  };
}

const asciiKinds = Uint8Array.from({ length: 128 }, (_, code) => kindOf(code));
const asciiLower = Uint8Array.from({ length: 128 }, (_, code) => spellingOf(code).lower[0]);
const UNDERSCORE = 0x5f;

/** Counts the notes given to one worker. */
export class VocabularyCounter {
  readonly #raw = new WordCounter();
  readonly #words = new WordCounter();
  readonly #ascii = new Float64Array(128);
  readonly #others = new Map<number, number>();
  /** Characters beyond ASCII met so far: few, and each is looked up often. */
  readonly #spellings = new Map<number, Spelling>();
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
      while (at < bytes.length && !isSpace(bytes[at])) at++;
      if (at === from) break;
      this.#raw.add(bytes, from, at, note);
      count++;
    }
    return count;
  }

  #addWords(bytes: Uint8Array, note: number): number {
    // A character can take more bytes in lower case, by half at most (U+0130).
    if (this.#spelled.length < bytes.length * 2) this.#spelled = new Uint8Array(bytes.length * 2);
    const spelled = this.#spelled;
    let count = 0, length = 0, hidden = true, last = NONE;
    for (let at = 0; at <= bytes.length;) {
      const byte = at < bytes.length ? bytes[at] : 0;
      const size = sizeOf(byte);
      const spelling = byte < 0x80 ? undefined : this.#spelling(codePoint(bytes, at));
      let kind = spelling === undefined ? asciiKinds[byte] : spelling.kind;
      if (kind >= JOINER) kind = this.#joins(bytes, at + size, kind, last) ? kind : NONE;
      if (kind === NONE) {
        if (length > 0 && !hidden) {
          this.#words.add(spelled, 0, length, note);
          count++;
        }
        length = 0;
        hidden = true;
      } else if (spelling === undefined) {
        if (byte !== UNDERSCORE) hidden = false;
        spelled[length++] = asciiLower[byte];
      } else {
        hidden = false;
        for (const lower of spelling.lower) spelled[length++] = lower;
      }
      last = kind;
      at += size;
    }
    return count;
  }

  /** Whether a joiner between the character of kind `last` and the one at `next` joins them. */
  #joins(bytes: Uint8Array, next: number, kind: number, last: number): boolean {
    if (next >= bytes.length || last === NONE || last >= JOINER) return false;
    const after = bytes[next] < 0x80
      ? asciiKinds[bytes[next]]
      : this.#spelling(codePoint(bytes, next)).kind;
    if (kind === NUMBER_JOINER) return last === DIGIT && after === DIGIT;
    return after === LETTER || after === DIGIT;
  }

  #spelling(code: number): Spelling {
    let spelling = this.#spellings.get(code);
    if (spelling === undefined) this.#spellings.set(code, spelling = spellingOf(code));
    return spelling;
  }
}

/** Bytes of the character whose UTF-8 starts with `byte`. */
const sizeOf = (byte: number): number => byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;

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
