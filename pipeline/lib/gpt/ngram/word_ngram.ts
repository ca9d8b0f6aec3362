/**
 * A word n-gram as an autocomplete: the baseline that a language model has to beat.
 *
 * Text is cut into pieces, each a word or another character together with the white space before
 * it (`" pain"`, `"."`, `"\n\nPLAN"`), so that the pieces of a note join to exactly the note. An
 * interpolated modified Kneser-Ney model over the pieces of the training notes ranks what can stand
 * at the caret; the white space and letters already typed of the last piece constrain it.
 */

import { NgramCounts } from "./counts.ts";
import { KneserNey } from "./kneser_ney.ts";
import { leadingWord } from "../../clinical/words.ts";

const PIECE = /\s*(?:[\p{L}\p{N}_]+(?:[-'’./][\p{L}\p{N}_]+)*|[^\s])|\s+$/gu;

/** Symbols that stand for no piece of text. */
const START = 0;
const UNKNOWN = 1;

/** Candidates examined per order of context: the likeliest of each. */
const CANDIDATES = 24;
/** Likeliest pieces overall, tried where no context offers anything. */
const FALLBACK = 4000;

/** A suggestion shorter than this saves no keystroke. */
const MIN_CHARACTERS = 2;

export interface Candidate {
  /** What would be inserted at the caret. */
  text: string;
  /** Probability among what agrees with the letters typed so far. */
  confidence: number;
}

/** The pieces of a note; joined, they are the note. */
export const piecesOf = (text: string): string[] => text.match(PIECE) ?? [];

export class WordNgram {
  readonly order: number;
  readonly #symbolOf = new Map<string, number>();
  readonly #pieces: string[] = ["", ""];
  readonly #model: KneserNey;
  /** Nodes of each order sorted by context, and within it likeliest first. */
  readonly #children: { nodes: Uint32Array; starts: Uint32Array }[];

  /** Counts `notes`; pieces seen once become "unknown", so that unknown words have a probability. */
  constructor(notes: Iterable<string>, order: number) {
    this.order = order;
    const cut = Array.from(notes, piecesOf);
    const seen = new Map<string, number>();
    for (const pieces of cut) {
      for (const piece of pieces) seen.set(piece, (seen.get(piece) ?? 0) + 1);
    }
    for (const [piece, count] of seen) {
      if (count > 1) this.#symbolOf.set(piece, this.#pieces.push(piece) - 1);
    }
    const counts = new NgramCounts(order);
    cut.forEach((pieces, index) => counts.addSequence([START, ...this.#symbols(pieces)], index));
    this.#model = new KneserNey(counts, this.#pieces.length);
    this.#children = counts.orders.map((_, n) => n === 0 ? NONE : childrenOf(this.#model, n));
  }

  #symbols(pieces: readonly string[]): number[] {
    return pieces.map((piece) => this.#symbolOf.get(piece) ?? UNKNOWN);
  }

  /** What can stand behind `before`, likeliest first, at most `n` different continuations. */
  next(before: string, n: number): Candidate[] {
    const { context, typed } = this.#caret(before);
    return this.#continuations(context, typed, n);
  }

  /** At most `n` next words at a caret where a word begins, or behind its first letters `typed`. */
  nextWords(before: string, n: number, typed = ""): string[] {
    const words = new Set<string>();
    for (const { text } of this.next(before, 4 * n)) {
      const word = leadingWord(typed + text);
      if (word !== undefined) words.add(word);
    }
    return [...words].slice(0, n);
  }

  /** Every end of the likeliest continuation, at most `maxPieces`, down to confidence `least`. */
  growth(before: string, least: number, maxPieces: number): Candidate[] {
    const { context, typed } = this.#caret(before);
    const grown: Candidate[] = [];
    let text = "", confidence = 1, prefix = typed;
    for (let count = 0; count < maxPieces; count++) {
      const [best] = this.#continuations(context, prefix, 1);
      if (best === undefined || confidence * best.confidence < least) break;
      confidence *= best.confidence;
      text += best.text;
      if (text.trim().length >= MIN_CHARACTERS) grown.push({ text, confidence });
      context.push(...this.#symbols(piecesOf(prefix + best.text)));
      prefix = "";
    }
    return grown;
  }

  /** What the piece begun with `typed` can grow to, or what follows it if it is whole already. */
  #continuations(context: readonly number[], typed: string, n: number): Candidate[] {
    const symbols = context.slice(this.order === 1 ? context.length : 1 - this.order);
    const { candidates, whole } = this.#rank(symbols, typed, n);
    if (whole > 0) {
      const after = [...symbols, this.#symbolOf.get(typed)!].slice(1 - this.order);
      for (
        const { text, confidence } of this.#rank(this.order === 1 ? [] : after, "", n).candidates
      ) {
        candidates.push({ text, confidence: confidence * whole });
      }
    }
    return candidates.sort((a, b) => b.confidence - a.confidence).slice(0, n);
  }

  /** The symbols before the caret's piece, and what of that piece is typed. */
  #caret(before: string): { context: number[]; typed: string } {
    // A piece is rarely longer than this; what lies further back is cut at a piece's start.
    const recent = before.slice(-64 * this.order);
    const pieces = piecesOf(recent);
    const typed = /[\s\p{L}\p{N}_]$/u.test(before) ? pieces.pop() ?? "" : "";
    const context = this.#symbols(pieces).slice(-(this.order - 1) || pieces.length);
    if (recent.length === before.length && context.length < this.order - 1) context.unshift(START);
    return { context: this.order === 1 ? [] : context, typed };
  }

  /**
   * The likeliest pieces that are longer than `typed` and start with it, cut to what is missing,
   * and the probability that `typed` is a `whole` piece itself: all given that it was typed.
   */
  #rank(
    context: readonly number[],
    typed: string,
    n: number,
  ): { candidates: Candidate[]; whole: number } {
    const { counts } = this.#model;
    const contextNodes = counts.contextNodes(context);
    const probabilities = new Map<number, number>();
    for (let order = contextNodes.length; order >= 1; order--) {
      const { nodes, starts } = this.#children[order];
      const from = starts[contextNodes[order - 1]], to = starts[contextNodes[order - 1] + 1];
      let examined = 0;
      const limit = order === 1 ? Math.min(to, from + FALLBACK) : to;
      for (let at = from; at < limit && examined < CANDIDATES; at++) {
        const symbol = counts.orders[order].symbol[nodes[at]];
        const piece = this.#pieces[symbol];
        // What de-identification removed is never offered: the decoder does not offer it either.
        if (piece.includes("_")) continue;
        if (piece.length <= typed.length || !piece.startsWith(typed)) continue;
        examined++;
        if (!probabilities.has(symbol)) {
          probabilities.set(symbol, this.#model.probability(contextNodes, symbol));
        }
      }
    }
    const symbol = typed === "" ? undefined : this.#symbolOf.get(typed);
    const whole = symbol === undefined ? 0 : this.#model.probability(contextNodes, symbol);
    // Without letters typed, what no candidate covers keeps its share of the probability.
    let total = typed === "" ? 1 : whole;
    if (typed !== "") { for (const probability of probabilities.values()) total += probability; }
    const candidates = [...probabilities]
      .sort((a, b) => b[1] - a[1])
      .slice(0, n)
      .map(([symbol, probability]) => ({
        text: this.#pieces[symbol].slice(typed.length),
        confidence: probability / total,
      }));
    return { candidates, whole: whole === 0 ? 0 : whole / total };
  }
}

const NONE = { nodes: new Uint32Array(0), starts: new Uint32Array(0) };

/** All n-grams of order `n`, grouped by context, likeliest first within a context. */
function childrenOf({ counts, discounted }: KneserNey, n: number) {
  const { parent, size } = counts.orders[n];
  const starts = new Uint32Array(counts.orders[n - 1].size + 1);
  for (let node = 0; node < size; node++) starts[parent[node] + 1]++;
  for (let context = 1; context < starts.length; context++) starts[context] += starts[context - 1];
  const next = starts.slice();
  const nodes = new Uint32Array(size);
  for (let node = 0; node < size; node++) nodes[next[parent[node]]++] = node;
  const score = discounted[n];
  for (let context = 0; context + 1 < starts.length; context++) {
    if (starts[context + 1] - starts[context] > 1) {
      nodes.subarray(starts[context], starts[context + 1]).sort((a, b) => score[b] - score[a]);
    }
  }
  return { nodes, starts };
}
