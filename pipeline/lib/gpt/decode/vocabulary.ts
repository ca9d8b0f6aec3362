/**
 * The tokens of a tokenizer as byte strings (one character per byte, 0-255), in sorted order, so
 * that "every token that starts with these bytes" is one range and "every token that these bytes
 * start with" a few lookups. Token healing and word boundaries work on bytes, because a token may
 * end in the middle of a UTF-8 character.
 */

import type { Tokenizer } from "./types.ts";

/** Words on which two ways to encode are compared, beside so many of the vocabulary's own. */
const UNCOMMON = [" hyponatremia", " ceftriaxone", "Thoracentesis", " Xqzwv"];
const TRIED = 64;
/** Above every token. */
const NO_TOKEN = 1 << 16;

/** Bytes as a string of characters 0-255; compares and hashes like the bytes themselves. */
export function byteString(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}

/**
 * The text of a byte string; bytes that are no UTF-8 become U+FFFD. A character that the string
 * ends in the middle of is left out: then `whole` is false.
 */
export function bytesText(bytes: string): { text: string; whole: boolean } {
  const decoder = new TextDecoder();
  const input = Uint8Array.from(bytes, (char) => char.charCodeAt(0));
  const text = decoder.decode(input, { stream: true });
  return { text, whole: decoder.decode() === "" };
}

export class Vocabulary {
  /** Byte string of each token; "" for the end-of-text token. */
  readonly bytes: readonly string[];
  /** First byte of each token, −1 where it has none. */
  readonly firstByte: Int16Array;
  /** Length in bytes of the longest token. */
  readonly longest: number;
  readonly #sorted: number[];
  #joinsInOrder: boolean | undefined;
  /** What two tokens make together, as far as it was asked for. */
  readonly #joints = new Map<number, number>();
  readonly #tokenOf = new Map<string, number>();

  constructor(tokenizer: Tokenizer) {
    this.bytes = Array.from(
      { length: tokenizer.vocabSize },
      (_, token) => byteString(tokenizer.tokenBytes(token)),
    );
    this.firstByte = Int16Array.from(
      this.bytes,
      (bytes) => bytes === "" ? -1 : bytes.charCodeAt(0),
    );
    this.longest = this.bytes.reduce((max, bytes) => Math.max(max, bytes.length), 0);
    this.#sorted = Array.from(this.bytes.keys()).filter((token) => this.bytes[token] !== "");
    this.#sorted.sort((a, b) =>
      this.bytes[a] < this.bytes[b] ? -1 : this.bytes[a] > this.bytes[b] ? 1 : a - b
    );
    for (const token of this.#sorted) this.#tokenOf.set(this.bytes[token], token);
  }

  /**
   * The tokens of a word (`bytes`, which no pre-tokenizer would cut), where this vocabulary numbers
   * its tokens in the order of their merges, as byte-pair encodings do: the pair whose joint token
   * came first is joined first. Undefined where a byte has no token.
   */
  encodeWord(bytes: string): number[] | undefined {
    const whole = this.#tokenOf.get(bytes);
    return whole !== undefined ? [whole] : this.#join(bytes);
  }

  /**
   * Whether `encodeWord` gives what `tokenizer` does: tried once, on some of the vocabulary's own
   * words and on words that no vocabulary holds whole.
   */
  joinsInOrder(tokenizer: Tokenizer): boolean {
    return this.#joinsInOrder ??= this.#isJoined() &&
      UNCOMMON.every((word) => String(this.encodeWord(word)) === String(tokenizer.encode(word)));
  }

  #isJoined(): boolean {
    const words = this.#sorted.filter((token) => /^ ?[A-Za-z]{2,}$/.test(this.bytes[token]));
    const step = Math.ceil(words.length / TRIED);
    return words.filter((_, index) => index % step === 0).every((token) =>
      String(this.#join(this.bytes[token])) === String(token)
    );
  }

  #join(bytes: string): number[] | undefined {
    const tokens: number[] = [];
    for (const byte of bytes) {
      const token = this.#tokenOf.get(byte);
      if (token === undefined) return;
      tokens.push(token);
    }
    const joints = tokens.map((_, at) => this.#joint(tokens, at));
    for (;;) {
      let at = 0;
      for (let i = 1; i < joints.length; i++) if (joints[i] < joints[at]) at = i;
      if (!(joints[at] < NO_TOKEN)) return tokens;
      tokens[at] = joints[at];
      tokens.splice(at + 1, 1);
      joints.splice(at + 1, 1);
      joints[at] = this.#joint(tokens, at);
      if (at > 0) joints[at - 1] = this.#joint(tokens, at - 1);
    }
  }

  /** The token that `tokens[at]` and the one behind it make together. */
  #joint(tokens: readonly number[], at: number): number {
    if (at + 1 >= tokens.length) return NO_TOKEN;
    const pair = tokens[at] * NO_TOKEN + tokens[at + 1];
    let joint = this.#joints.get(pair);
    if (joint === undefined) {
      joint = this.#tokenOf.get(this.bytes[tokens[at]] + this.bytes[tokens[at + 1]]) ?? NO_TOKEN;
      this.#joints.set(pair, joint);
    }
    return joint;
  }

  /** The tokens whose bytes start with `prefix`, the token that equals it included. */
  startingWith(prefix: string): number[] {
    const from = this.#lowerBound(prefix);
    let to = from;
    while (to < this.#sorted.length && this.bytes[this.#sorted[to]].startsWith(prefix)) to++;
    return this.#sorted.slice(from, to);
  }

  /** The tokens that are a proper prefix of `bytes`, shortest first. */
  prefixesOf(bytes: string): number[] {
    const found: number[] = [];
    const limit = Math.min(bytes.length - 1, this.longest);
    for (let length = 1; length <= limit; length++) {
      const token = this.#tokenOf.get(bytes.slice(0, length));
      if (token !== undefined) found.push(token);
    }
    return found;
  }

  /** Byte length of all `tokens` together. */
  byteLength(tokens: readonly number[]): number {
    return tokens.reduce((sum, token) => sum + this.bytes[token].length, 0);
  }

  /** First position in sorted order whose bytes are not below `prefix`. */
  #lowerBound(prefix: string): number {
    let low = 0, high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bytes[this.#sorted[middle]] < prefix) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
