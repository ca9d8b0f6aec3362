/**
 * What the context says of the next token: several experts, each a sparse distribution over tokens
 * and a class that says how far it may be trusted. Weights by class are in weights.ts.
 *
 *   words      a word that the context holds starts here
 *   begun      the word begun here is one of the context's
 *   runs       what followed the last words in the context
 *   lists      the item behind the last one of a list that the note mentions
 *   values     the value that the context has for the drug or test before the caret
 */

import type { Vocabulary } from "../vocabulary.ts";
import { type Caret, caretAfter } from "./caret.ts";
import type { ContextIndex, Mode } from "./index.ts";
import { isTelling } from "./telling.ts";
import type { Lists } from "./lists.ts";
import { Masses } from "./masses.ts";
import { contextKinds } from "./types.ts";
import { isNumberKey } from "./units.ts";
import type { Values } from "./values.ts";

export const experts = ["words", "begun", "runs", "lists", "values"] as const;
export type Expert = (typeof experts)[number];

/** Classes that each expert tells apart. */
export const expertClasses: Readonly<Record<Expert, number>> = {
  words: 24,
  begun: 36,
  runs: 180,
  lists: 4,
  values: 4,
};

/** How sure what stands below is: 0 hardly, 1 somewhat, 2 very. */
export type Certainty = 0 | 1 | 2;

/** What one expert says behind some tokens. */
export interface Opinion {
  expert: Expert;
  class: number;
  /** Index in `contextKinds` of the text that speaks loudest. */
  kind: number;
  /** Probability by token; what is missing to 1 is left to what stands below. */
  tokens: Masses;
}

/** Most units of a match that are compared. */
const LONGEST_MATCH = 5;
/** A match one unit longer weighs so many times as much. */
const MATCH_FACTOR = 5;
/** Places of a word that are looked at; the last are the latest. */
const MAX_PLACES = 400;

/** Share of words with a capital at a sentence's start that keep it inside one: names of drugs. */
const NAMES = 0.3;

/** Telling words in one mode: mass by first token, and continuations by the tokens so far. */
interface Lexicon {
  first: Masses;
  begun: ReadonlyMap<string, Masses>;
}

export class ContextExperts {
  readonly index: ContextIndex;
  readonly #vocabulary: Vocabulary;
  readonly #lists: Lists;
  readonly #values: Values;
  readonly #lexicons = new Map<string, Lexicon>();
  /** Index in `contextKinds` by item, and of the longest text of all. */
  readonly #kindOf: readonly number[];
  readonly #mainKind: number;

  constructor(index: ContextIndex, vocabulary: Vocabulary, lists: Lists, values: Values) {
    this.index = index;
    this.#vocabulary = vocabulary;
    this.#lists = lists;
    this.#values = values;
    this.#kindOf = index.items.map(({ kind }) => contextKinds.indexOf(kind));
    const longest = index.items.reduce(
      (best, { text }, at) => text.length > (index.items[best]?.text.length ?? -1) ? at : best,
      0,
    );
    this.#mainKind = this.#kindOf[longest] ?? 0;
  }

  /**
   * All opinions behind `tokens`; `mentioned`: keys of the note before, the last last; `certainty`:
   * how sure the n-gram table is of what follows, 1 without one.
   */
  after(
    tokens: ArrayLike<number>,
    mentioned: readonly string[],
    certainty: Certainty = 1,
  ): Opinion[] {
    if (this.index.length === 0) return [];
    const caret = caretAfter(tokens, this.#vocabulary.bytes);
    const opinions: Opinion[] = [];
    this.#addWords(opinions, caret, certainty);
    this.#addRuns(opinions, caret, certainty);
    this.#add(opinions, "lists", caret, this.#lists.next(caret, mentioned));
    this.#add(opinions, "values", caret, this.#values.next(caret));
    return opinions;
  }

  #addWords(
    opinions: Opinion[],
    { keys, mode, next, ending, part }: Caret,
    certainty: Certainty,
  ): void {
    // Behind a word that tells, another of the context's is less likely than behind "of the".
    const place = ending === 0 && isTelling(keys.at(-1) ?? "") ? 3 : ending;
    const { first } = this.#lexicon(next), kind = this.#mainKind;
    opinions.push({
      expert: "words",
      class: (certainty * 4 + place) * 2 + Number(next.capital),
      kind,
      tokens: first,
    });
    if (part.length === 0) return;
    const begun = this.#lexicon(mode).begun.get(String.fromCharCode(...part));
    if (begun === undefined) return;
    const letters = this.#vocabulary.byteLength(part);
    const size = letters <= 2 ? 0 : letters <= 4 ? 1 : 2;
    opinions.push({
      expert: "begun",
      class: (certainty * 3 + size) * 4 + peakClass(begun),
      kind,
      tokens: begun,
    });
  }

  /** What follows where the context says the same as the note does before the caret. */
  #addRuns(
    opinions: Opinion[],
    { keys, part, inPart, mode, next }: Caret,
    certainty: Certainty,
  ): void {
    const { index } = this;
    const votes = new Map<number, number>();
    let total = 0, longest = 0, loudest = 0, speaker = 0, unfinished = false;
    const vote = (token: number, length: number, at: number, inside: boolean) => {
      const weight = MATCH_FACTOR ** Math.min(length, LONGEST_MATCH);
      votes.set(token, (votes.get(token) ?? 0) + weight);
      total += weight;
      if (weight >= loudest) [loudest, speaker] = [weight, at];
      if (length > longest) [longest, unfinished] = [Math.min(length, LONGEST_MATCH), inside];
    };
    // The last unit may be whole …
    this.#matches(keys, keys.length - 1, (at, length) => {
      if (!index.goesOn(at)) return;
      vote(index.formAt(at + 1, next).tokens[0], length, at + 1, false);
    });
    // … or begun.
    if (part.length > 0 && inPart === 1) {
      this.#matches(keys, keys.length - 2, (at, length) => {
        if (!index.goesOn(at)) return;
        const { tokens } = index.formAt(at + 1, mode);
        if (tokens.length <= part.length || !part.every((token, i) => token === tokens[i])) return;
        vote(tokens[part.length], length + 1, at + 1, true);
      });
    }
    if (total === 0) return;
    const tokens = new Masses(votes, total), { peak } = tokens;
    const size = peak < 0.2 ? 0 : peak < 0.4 ? 1 : peak < 0.7 ? 2 : peak < 0.95 ? 3 : 4;
    opinions.push({
      expert: "runs",
      class: ((certainty * LONGEST_MATCH + longest - 1) * 2 + Number(unfinished)) * 6 +
        (total === loudest && size === 4 ? 5 : size),
      kind: this.#kindOf[index.itemOf(speaker)],
      tokens,
    });
  }

  /** Calls `found` for each place of `keys[last]`, with the units before and there in common. */
  #matches(
    keys: readonly string[],
    last: number,
    found: (at: number, length: number) => void,
  ): void {
    if (last < 0) return;
    const { index } = this;
    const ids: number[] = [];
    for (let n = 0; n < LONGEST_MATCH && last - n >= 0; n++) {
      const id = index.idOf(keys[last - n]);
      if (id === undefined) break;
      ids.push(id);
    }
    if (ids.length === 0) return;
    for (const at of index.placesOf(ids[0]).subarray(-MAX_PLACES)) {
      let length = 1;
      while (length < ids.length && index.key[at - length] === ids[length]) length++;
      found(at, length);
    }
  }

  #add(
    opinions: Opinion[],
    expert: "lists" | "values",
    { part, mode, next }: Caret,
    candidates: { id: number; place: number; mass: number; glued?: boolean }[],
  ): void {
    if (candidates.length === 0) return;
    const tokens = new Map<number, number>();
    let inside = 0;
    for (const { id, mass } of candidates) {
      const started = this.index.form(id, mode).tokens;
      const goesOn = part.length > 0 && started.length > part.length &&
        part.every((token, i) => token === started[i]);
      const token = goesOn ? started[part.length] : this.index.form(id, next).tokens[0];
      if (goesOn) inside++;
      tokens.set(token, (tokens.get(token) ?? 0) + mass);
    }
    opinions.push({
      expert,
      class: (inside > 0 ? 2 : 0) + Number(candidates.length > 1),
      kind: this.#kindOf[this.index.itemOf(candidates[0].place)],
      tokens: new Masses(tokens),
    });
  }

  #lexicon(mode: Mode): Lexicon {
    const name = `${mode.spaced}${mode.capital}`;
    let lexicon = this.#lexicons.get(name);
    if (lexicon === undefined) {
      this.#lexicons.set(name, lexicon = lexiconOf(this.index, mode));
    }
    return lexicon;
  }
}

function lexiconOf(index: ContextIndex, mode: Mode): Lexicon {
  const first = new Map<number, number>();
  const begun = new Map<string, Map<number, number>>();
  let total = 0;
  const add = (counts: Map<number, number>, token: number, mass: number) =>
    counts.set(token, (counts.get(token) ?? 0) + mass);
  const addForm = (tokens: readonly number[], mass: number) => {
    add(first, tokens[0], mass);
    let sequence = "";
    for (let at = 1; at < tokens.length; at++) {
      sequence += String.fromCharCode(tokens[at - 1]);
      let counts = begun.get(sequence);
      if (counts === undefined) begun.set(sequence, counts = new Map());
      add(counts, tokens[at], mass);
    }
  };
  index.keys.forEach((key, id) => {
    if (!isTelling(key) || (mode.capital && isNumberKey(key))) return;
    const mass = 1 + Math.log(index.placesOf(id).length);
    total += mass;
    const isName = !mode.capital && index.mayBeName(id);
    addForm(index.form(id, mode).tokens, isName ? mass * (1 - NAMES) : mass);
    if (isName) addForm(index.form(id, { ...mode, capital: true }).tokens, mass * NAMES);
  });
  const ways = new Map<string, Masses>();
  for (const [sequence, counts] of begun) {
    ways.set(sequence, new Masses(counts, counts.values().reduce((sum, mass) => sum + mass, 0)));
  }
  return { first: new Masses(first, total), begun: ways };
}

function peakClass({ peak }: Masses): number {
  return peak < 0.4 ? 0 : peak < 0.7 ? 1 : peak < 0.95 ? 2 : 3;
}
