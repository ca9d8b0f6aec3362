/** A suggestion while it grows: where it may end, and when it must. */

import { isQuantity } from "../../clinical/quantities.ts";
import { wordsOf } from "../../clinical/words.ts";
import type { PatientContext } from "./context/context.ts";
import { copiedWords, type NumberVerdict, sourcesOf, verdictOf } from "./context/grounding.ts";
import type { ContextSource } from "./context/types.ts";
import { type CutReason, findCut } from "./policy.ts";
import type { SuggestOptions } from "./suggest.ts";
import type { Policies } from "./types.ts";

/** Why a suggestion is not longer. */
export type FinishReason =
  | "confidence"
  | "words"
  | "tokens"
  | "number"
  | "copied"
  | "end"
  | CutReason;

/** What may be shown at a caret. */
export interface Suggestion {
  /** To be inserted at the caret as it is; begins with a space where a new word starts. */
  text: string;
  /** Probability that the note goes on with this text and a word ends there. */
  confidence: number;
  /** Tokens computed for it. */
  tokens: number;
  /** Why it is not longer. */
  finish: FinishReason;
  /** Where its words stand in the patient's context; absent without one. */
  sources?: ContextSource[];
}

/** As much of the text before the caret as the rules look at. */
const LOOK_BACK = 200;

/** A text that might be shown. */
export interface End {
  text: string;
  confidence: number;
}

/**
 * Of `ends`, shortest first, the one to show among those with at least `minConfidence`: that with
 * the highest confidence² · (characters − 1), or the longest.
 *
 * Accepting saves all characters but one key. Confidence counts twice because a suggestion that is
 * wrong mostly stays wrong at the keys that follow, where a shorter one would have been right: the
 * typist of eval saves more with the square than with the first power or at the longest end.
 */
export function bestEnd(
  ends: readonly End[],
  minConfidence: number,
  length: Policies["length"],
): End | undefined {
  const allowed = ends.filter(({ confidence }) => confidence >= minConfidence);
  if (length === "longest") return allowed.at(-1);
  const gain = ({ text, confidence }: End) => confidence ** 2 * (text.length - 1);
  return allowed.reduce<End | undefined>(
    (best, end) => best !== undefined && gain(best) >= gain(end) ? best : end,
    undefined,
  );
}

export class Growth {
  readonly #before: string;
  readonly #options: SuggestOptions;
  readonly #index: number;
  /** Every place where the suggestion may end, shortest first. */
  readonly #ends: End[] = [];
  /** Probability of the text up to the last word's end. */
  #wordStart = 1;

  /** `before` is the text before the caret, `index` the rank among the alternatives. */
  constructor(before: string, options: SuggestOptions, index: number) {
    this.#before = before.slice(-LOOK_BACK);
    this.#options = options;
    this.#index = index;
  }

  /** Why no suggestion may hold all of `text`, if so: this needs no model call. */
  cut(text: string): FinishReason | undefined {
    const cut = findCut(text, { ...this.#options, before: this.#before });
    if (cut) {
      while (this.#ends.length > 0 && this.#ends.at(-1)!.text.length > cut.at) this.#ends.pop();
      return cut.reason;
    }
    if (this.#options.numbers === "never" && this.#endsInQuantity(text)) return "number";
  }

  /**
   * Looks at a `text` that has no cut, of this `probability`. `ending`: the probability that a word
   * ends behind it, 0 where the text goes on inside the word; `tokens`: those computed so far.
   * Returns the reason to stop, if there is one.
   */
  check(
    text: string,
    probability: number,
    ending: number,
    tokens: number,
  ): FinishReason | undefined {
    const { maxWords, minCharacters, minConfidence, numbers, context } = this.#options;
    if (ending === 0) return;
    if (numbers === "confident" && this.#endsInQuantity(text)) {
      const verdict = context ? verdictOf(context, this.#before, text) : "unknown";
      if (!this.#isSure(verdict, probability)) return "number";
      if (verdict === "begun") return;
    }
    this.#wordStart = probability;
    if (context && this.#copiesTooMuch(context, text)) return "copied";
    const words = wordsOf(text).length;
    if (words > maxWords) return "words";
    const confidence = probability * ending;
    if (confidence >= minConfidence && text.trim().length >= minCharacters) {
      const end = { text, confidence };
      this.#ends.push(end);
      if (this.#options.onGrow && this.#best() === end) {
        this.#options.onGrow(this.#index, this.#suggestion(end, tokens, "words"));
      }
    }
    if (words === maxWords) return "words";
  }

  #copiesTooMuch(context: PatientContext, text: string): boolean {
    const { maxCopiedWords } = this.#options;
    return wordsOf(text).length > maxCopiedWords && copiedWords(context, text) > maxCopiedWords;
  }

  /** Whether a number of this `verdict` may stand in a suggestion of this `probability`. */
  #isSure(verdict: NumberVerdict, probability: number): boolean {
    const { numberConfidence, heldNumberConfidence } = this.#options;
    if (verdict === "contradicted") return false;
    const least = verdict === "unknown" ? numberConfidence : heldNumberConfidence;
    return probability >= least * this.#wordStart;
  }

  #suggestion(end: End, tokens: number, finish: FinishReason): Suggestion {
    const { context } = this.#options;
    const sources = context && { sources: sourcesOf(context, this.#before, end.text) };
    return { ...end, tokens, finish, ...sources };
  }

  #endsInQuantity(text: string): boolean {
    const words = (this.#before + text).trimEnd().split(/\s+/).slice(-3);
    const word = words.pop() ?? "";
    const part = text.trimEnd().split(/\s+/).at(-1)!;
    return part !== "" && isQuantity(part, word, words.join(" "));
  }

  #best(): End | undefined {
    return bestEnd(this.#ends, this.#options.minConfidence, this.#options.length);
  }

  /** The suggestion at the best of its ends. */
  finished(finish: FinishReason, tokens: number): Suggestion | undefined {
    const end = this.#best();
    return end && this.#suggestion(end, tokens, finish);
  }
}
