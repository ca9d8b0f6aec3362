/**
 * Fits a note of any length into the model's context. The window's start moves in steps, to the
 * next section, sentence or word, so that it stands still while a sentence is typed: a start that
 * moved with every keystroke would make every remembered prefix useless.
 */

import type { Tokenizer } from "./types.ts";

/** Clinical text has 3 to 5 characters per BPE token; beyond 8 nothing is worth encoding. */
const CHARACTERS_PER_TOKEN = 8;
/** Room kept for the word that is being typed. */
const UNFINISHED_WORD_TOKENS = 8;

/**
 * At most `budget` tokens that end where `text` ends. They start with the end-of-text token if the
 * text fits as a whole (every document does in training), else within the first half of what fits
 * at a boundary. At least one token.
 */
export function fitWindow(text: string, tokenizer: Tokenizer, budget: number): number[] {
  const encode = (part: string) =>
    // A note that quotes the end-of-text token's name must not end the document.
    tokenizer.encode(part).filter((token) => token !== tokenizer.endOfText);
  let rest = text;
  const longest = CHARACTERS_PER_TOKEN * budget;
  if (rest.length > longest) {
    const step = longest / 4;
    const skip = Math.ceil((rest.length - longest) / step) * step;
    rest = rest.slice(boundaryAfter(rest, skip, skip + step));
  }
  if (rest === text) {
    const tokens = encode(rest);
    if (tokens.length < budget) return [tokenizer.endOfText, ...tokens];
  }
  // The unfinished word has many tokens or few from one keystroke to the next: it does not count.
  const words = encode(rest.replace(/\S{1,32}$/, ""));
  const step = Math.max(1, Math.floor(budget / 4));
  const skip = Math.ceil((words.length - budget + UNFINISHED_WORD_TOKENS) / step) * step;
  if (skip <= 0) return encode(rest).slice(-budget);
  const from = tokenizer.decode(words.slice(0, skip)).length;
  const to = from + tokenizer.decode(words.slice(skip, skip + step)).length;
  return encode(rest.slice(boundaryAfter(rest, from, to))).slice(-budget);
}

/**
 * Where to start reading `text` so that nothing is cut in half: the first blank line between `from`
 * and `to`, else the first line, else sentence, else word that starts there, else `from`.
 */
export function boundaryAfter(text: string, from: number, to: number): number {
  const part = text.slice(from, to);
  for (const end of [/\n[ \t]*\n/, /\n/, /[.!?;](?=\s)/, /\S(?=\s)/]) {
    const match = end.exec(part);
    if (match) return from + match.index + match[0].length;
  }
  return from;
}
