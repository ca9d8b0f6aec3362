/**
 * One suggestion: from the text before the caret to the words shown in grey, or nothing.
 *
 * The tokens of the unfinished word are taken back (heal.ts), then the likeliest token is appended
 * again and again. After every whole word the suggestion could end; its confidence there is the
 * probability that the note goes on with exactly this text and a word ends there. Of the ends that
 * stay within the confidence budget and break no rule of policy.ts, the one is shown that promises
 * to save most (growth.ts).
 */

import type { PatientContext } from "./context/context.ts";
import { heal, healingStart, type Hypothesis } from "./heal.ts";
import type { FeedOptions, NextTokens } from "./prefix_cache.ts";
import { Growth, type Suggestion } from "./growth.ts";
import { largest, probabilitiesOf, sampleToken } from "./sample.ts";
import type { Policies, Tokenizer } from "./types.ts";
import { bytesText, type Vocabulary } from "./vocabulary.ts";
import { fitWindow } from "./window.ts";
import { endsWord } from "./words.ts";

export interface SuggestOptions extends Policies, FeedOptions {
  maxWords: number;
  /** A suggestion of fewer characters saves no keystroke. */
  minCharacters: number;
  maxTokens: number;
  /** Most alternatives, likeliest first. */
  n: number;
  /** Name of the section the caret is in, where the text does not show it. */
  section: string;
  /** Text after the caret. */
  after: string;
  /** A suggestion ends before any of these. */
  stop: readonly string[];
  /** What is known of the patient. */
  context?: PatientContext;
  /** 0 takes the likeliest words; above 0 draws them, repeatably by `seed`. */
  temperature: number;
  random: () => number;
  /**
   * Called at every end that is better than those before it; `index` is its rank among the
   * alternatives. A header that shows only later can take ends back: what is returned counts.
   */
  onGrow?: (index: number, suggestion: Suggestion) => void;
}

export const suggestDefaults: Omit<
  SuggestOptions,
  "random" | "onGrow" | "context" | keyof FeedOptions
> = {
  minConfidence: 0.3,
  length: "gain",
  heal: true,
  wholeWords: true,
  numbers: "confident",
  numberConfidence: 0.9,
  heldNumberConfidence: 0.5,
  maxCopiedWords: 12,
  lineBreaks: false,
  sectionStops: true,
  loopStops: true,
  placeholders: false,
  maxWords: 8,
  minCharacters: 2,
  maxTokens: 32,
  n: 1,
  section: "",
  after: "",
  stop: [],
  temperature: 0,
};

/** What a suggestion is computed with. */
export interface ModelParts {
  model: NextTokens;
  tokenizer: Tokenizer;
  vocabulary: Vocabulary;
}

/** At most `n` different suggestions for the caret behind `text`, the most confident first. */
export async function suggest(
  parts: ModelParts,
  text: string,
  options: SuggestOptions,
): Promise<Suggestion[]> {
  if (isInsideWord(text, options.after)) return [];
  const { context, typed } = contextOf(parts, text, options);
  const found: Suggestion[] = [];
  for (const hypothesis of await branches(parts, context, typed, options)) {
    const growth = new Growth(text, options, found.length);
    const suggestion = await extend(parts, context, hypothesis, growth, options);
    if (suggestion && !found.some((other) => other.text === suggestion.text)) {
      found.push(suggestion);
    }
  }
  return found.sort((a, b) => b.confidence - a.confidence);
}

/** Between two letters or digits there is nothing to complete. */
const isInsideWord = (before: string, after: string) =>
  /[\p{L}\p{N}]$/u.test(before) && /^[\p{L}\p{N}]/u.test(after);

/** The tokens to start from, and the bytes behind them that the continuation has to begin with. */
function contextOf(
  { model, tokenizer, vocabulary }: ModelParts,
  text: string,
  { section, maxTokens, heal }: SuggestOptions,
): { context: number[]; typed: string } {
  const header = section === "" || text.includes(`${section}:`) ? "" : `${section}:\n`;
  const room = Math.min(maxTokens, Math.floor(model.contextLength / 4));
  const tokens = fitWindow(header + text, tokenizer, model.contextLength - room);
  const start = heal ? healingStart(tokens, vocabulary, 1) : tokens.length;
  const typed = tokens.slice(start).map((token) => vocabulary.bytes[token]).join("");
  return { context: tokens.slice(0, start), typed };
}

/** The `n` likeliest beginnings, each with at least one byte that was not typed yet. */
async function branches(
  parts: ModelParts,
  context: number[],
  typed: string,
  options: SuggestOptions,
): Promise<Hypothesis[]> {
  const { model, vocabulary } = parts;
  const { n, minConfidence, temperature } = options;
  const width = temperature > 0 ? 4 * n : n;
  const open = await heal(model, vocabulary, context, typed, width + 1, options);
  const ready: Hypothesis[] = [];
  while (open.length > 0 && ready.length < width) {
    open.sort((a, b) => b.probability - a.probability);
    const hypothesis = open.shift()!;
    if (hypothesis.probability < minConfidence) break;
    if (hypothesis.bytes !== "") ready.push(hypothesis);
    else open.push(...await step(parts, context, hypothesis, width, options));
  }
  return temperature > 0 ? draw(ready, options) : ready;
}

/** The `width` likeliest hypotheses one token longer than `hypothesis`. */
async function step(
  { model, vocabulary }: ModelParts,
  context: number[],
  hypothesis: Hypothesis,
  width: number,
  options: FeedOptions,
): Promise<Hypothesis[]> {
  const tokens = [...context, ...hypothesis.tokens];
  if (tokens.length >= model.contextLength) return [];
  const next = probabilitiesOf(await model.logitsAfter(tokens, options));
  return largest(next, width).filter((token) => vocabulary.bytes[token] !== "").map((token) => ({
    tokens: [...hypothesis.tokens, token],
    bytes: vocabulary.bytes[token],
    probability: hypothesis.probability * next[token],
  }));
}

/** `n` of the hypotheses, drawn without replacement by probability^(1/temperature). */
function draw(hypotheses: Hypothesis[], { n, temperature, random }: SuggestOptions): Hypothesis[] {
  const left = [...hypotheses], drawn: Hypothesis[] = [];
  while (drawn.length < n && left.length > 0) {
    const logits = Float32Array.from(left, ({ probability }) => Math.log(probability));
    drawn.push(...left.splice(sampleToken(logits, { temperature }, random), 1));
  }
  return drawn;
}

/** The longest allowed suggestion that begins with `hypothesis`, or none. */
async function extend(
  { model, vocabulary }: ModelParts,
  context: number[],
  hypothesis: Hypothesis,
  growth: Growth,
  options: SuggestOptions,
): Promise<Suggestion | undefined> {
  const tokens = [...context, ...hypothesis.tokens];
  let { bytes, probability } = hypothesis;
  for (let count = hypothesis.tokens.length;; count++) {
    const { text, whole } = bytesText(bytes);
    const cut = growth.cut(text);
    if (cut) return growth.finished(cut, count);
    if (tokens.length >= model.contextLength) return growth.finished("tokens", count);
    const logits = await model.logitsAfter(tokens, options);
    const { token, next, ends, ending } = chooseNext(logits, bytes, vocabulary, options);
    const stop = growth.check(text, probability, ends && whole ? ending : 0, count);
    if (stop) return growth.finished(stop, count);
    probability *= next;
    if (vocabulary.bytes[token] === "") return growth.finished("end", count);
    if (probability < options.minConfidence) return growth.finished("confidence", count);
    if (count >= options.maxTokens) return growth.finished("tokens", count);
    tokens.push(token);
    bytes += vocabulary.bytes[token];
  }
}

/**
 * The token to append: the likeliest (or one drawn), its probability `next`, whether it `ends` the
 * word before it, and the probability `ending` that any token does. Where a word more likely than
 * not ends, only tokens that end it are considered. Without `wholeWords` every token may end.
 */
function chooseNext(
  logits: Float32Array,
  bytes: string,
  vocabulary: Vocabulary,
  { temperature, random, wholeWords }: SuggestOptions,
): { token: number; next: number; ends: boolean; ending: number } {
  const probabilities = probabilitiesOf(logits);
  const before = bytes.charCodeAt(bytes.length - 1);
  const ends = (token: number) => !wholeWords || endsWord(before, vocabulary.firstByte[token]);
  // One pass over the vocabulary: this runs for every token of every suggestion.
  let ending = 0, likeliest = 0, likeliestEnd = 0, bestEnd = -Infinity;
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token];
    if (logit > logits[likeliest]) likeliest = token;
    if (!ends(token)) continue;
    ending += probabilities[token];
    if (logit > bestEnd) [likeliestEnd, bestEnd] = [token, logit];
  }
  let token = ending < 0.5 ? likeliest : likeliestEnd;
  if (temperature > 0) {
    const allowed = ending < 0.5 ? logits : logits.map((logit, i) => ends(i) ? logit : -Infinity);
    token = sampleToken(allowed, { temperature }, random);
  }
  return { token, next: probabilities[token], ends: ends(token), ending };
}
