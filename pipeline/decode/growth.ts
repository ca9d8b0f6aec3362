/** A suggestion while it grows: where it may end, and when it must. */

import { type CutReason, findCut, isQuantity } from "./policy.ts";
import type { SuggestOptions } from "./suggest.ts";
import { wordsOf } from "./words.ts";

/** Why a suggestion is not longer. */
export type FinishReason = "confidence" | "words" | "tokens" | "number" | "end" | CutReason;

export interface Suggestion {
  /** To be inserted at the caret as it is; begins with a space where a new word starts. */
  text: string;
  /** Probability that the note goes on with this text and a word ends there. */
  confidence: number;
  /** Tokens computed for it. */
  tokens: number;
  finish: FinishReason;
}

/** A suggestion shorter than this saves no key stroke. */
const MIN_CHARACTERS = 2;
/** As much of the text before the caret as the rules look at. */
const LOOK_BACK = 200;

export class Growth {
  readonly #before: string;
  readonly #options: SuggestOptions;
  readonly #index: number;
  /** Every place where the suggestion may end, shortest first. */
  readonly #ends: { text: string; confidence: number }[] = [];
  /** Probability of the text up to the last word's end. */
  #wordStart = 1;

  /** `before` is the text before the caret, `index` the rank among the alternatives. */
  constructor(before: string, options: SuggestOptions, index: number) {
    this.#before = before.slice(-LOOK_BACK);
    this.#options = options;
    this.#index = index;
  }

  /**
   * Looks at a `text` of this `probability`. `ending`: the probability that a word ends behind it,
   * 0 where the text goes on inside the word; `tokens`: those computed so far. Returns the reason
   * to stop, if there is one.
   */
  check(
    text: string,
    probability: number,
    ending: number,
    tokens: number,
  ): FinishReason | undefined {
    const { maxWords, minConfidence, numbers, numberConfidence } = this.#options;
    const cut = findCut(text, { ...this.#options, before: this.#before });
    if (cut) {
      while (this.#ends.length > 0 && this.#ends.at(-1)!.text.length > cut.at) this.#ends.pop();
      return cut.reason;
    }
    const quantity = this.#endsInQuantity(text);
    if (quantity && numbers === "never") return "number";
    if (ending === 0) return;
    if (quantity && numbers === "confident" && probability < numberConfidence * this.#wordStart) {
      return "number";
    }
    this.#wordStart = probability;
    const words = wordsOf(text).length;
    if (words > maxWords) return "words";
    const confidence = probability * ending;
    if (confidence >= minConfidence && text.trim().length >= MIN_CHARACTERS) {
      this.#ends.push({ text, confidence });
      this.#options.onGrow?.(this.#index, { text, confidence, tokens, finish: "words" });
    }
    if (words === maxWords) return "words";
  }

  #endsInQuantity(text: string): boolean {
    const part = /\S+$/.exec(text)?.[0];
    if (part === undefined) return false;
    const [previous = "", word = ""] = (this.#before + text).split(/\s+/).slice(-2);
    return isQuantity(part, word, previous);
  }

  /** The suggestion at its longest allowed end. */
  finished(finish: FinishReason, tokens: number): Suggestion | undefined {
    const end = this.#ends.at(-1);
    return end && { ...end, tokens, finish };
  }
}
