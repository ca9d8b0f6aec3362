/** Strings that tokenizers stumble over, from a seed: every class of the pattern, and all of Unicode. */

const pieces = [
  ..."aBzé°½µ’–",
  ..."0123456789",
  ..."___ -/.:,;*#'\"()[]%<>=\\",
  ..."\t\n\r\v\f\0\x01\x7f\x85\xa0\u2028\u3000",
  ...["  ", "\n\n", " \n \n", "\r\n", "___", "mg/dL", "q6h", "'s", "<|endoftext|>", "Ġ", "Ċ"],
  ...[
    "\ufeff",
    "e\u0301",
    "\u200d",
    "👩‍⚕️",
    "中文。",
    "עברית",
    "İ",
    "\u212a",
    "ſ",
    "ß",
    "٣",
    "Ⅳ",
    "𝟗",
  ],
];

export class RandomText {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 ≤ integer < `bound`. A linear congruence: the high bits are the random ones. */
  integer(bound: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor(this.#state / 2 ** 32 * bound);
  }

  /** Up to `length` pieces or code points, lone surrogates only if asked for. */
  next(length: number, { surrogates = false } = {}): string {
    let text = "";
    for (let left = this.integer(length + 1); left > 0; left--) {
      text += this.integer(4) > 0 ? pieces[this.integer(pieces.length)] : this.#codePoint();
    }
    return surrogates ? text : text.toWellFormed();
  }

  #codePoint(): string {
    const planes = [0x80, 0x800, 0x10000, 0x110000];
    return String.fromCodePoint(this.integer(planes[this.integer(planes.length)]));
  }
}
