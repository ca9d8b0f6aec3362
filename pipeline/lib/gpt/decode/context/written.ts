/**
 * From what was said to how it would be written: fillers and speakers' names go, numbers become
 * digits, the rules of spoken_rules.ts are applied, and a question that is answered with no becomes
 * "denies". Lines in, lines out, so that each can be found again in what was sent.
 */

import { spokenNumber } from "./number_words.ts";
import { type RuleTable, spokenRules } from "./spoken_rules.ts";

/** A line as it might be written, and the line of the conversation that it comes from. */
export interface WrittenLine {
  text: string;
  line: number;
}

const SPEAKER =
  /^\s*\[?\s*(doctor|dr|physician|clinician|provider|nurse|patient|pt|guest_[a-z]+)\s*\]?\s*:?\s+/i;
const REFUSAL = /^(?:no|nope|none|not really|no i (?:have n't|haven't|do n't|don't))\b/;
const ASKED =
  /\b(?:any|have you had|do you have|did you have|problems? with|history of)\s+(?:any\s+)?([^.?]+?)\s*\?/gi;

/** The conversation `text` as lines that a note might hold. */
export function writtenConversation(text: string): WrittenLine[] {
  const out: WrittenLine[] = [];
  let asked: string[] = [];
  text.split("\n").forEach((said, line) => {
    const speaker = SPEAKER.exec(said)?.[1].toLowerCase() ?? "";
    const speech = said.replace(SPEAKER, "");
    const isPatient = speaker === "patient" || speaker === "pt";
    const table = spokenRules[isPatient ? "patient" : speaker === "" ? "" : "doctor"];
    if (asked.length > 0 && isPatient && REFUSAL.test(speech.toLowerCase())) {
      for (const list of asked) out.push({ text: `denies ${list}`, line });
    }
    for (const sentence of speech.split(/(?<=[.?!])\s+/)) {
      for (const written of rewritten(sentence, table)) out.push({ text: written, line });
    }
    if (!isPatient) {
      asked = [...speech.matchAll(ASKED)].map(([, list]) =>
        rewritten(list, spokenRules[""])[0] ?? ""
      );
      asked = asked.filter((list) => list !== "");
    } else if (speech.length > 20) asked = [];
  });
  return out;
}

/** Words, signs apart: `chest pain , or` and `chest pain, or` are the same. */
const WORDS = /[\p{L}\p{N}][\p{L}\p{N}'’.+/%-]*[\p{L}\p{N}+%]|[\p{L}\p{N}]|[^\s\p{L}\p{N}]+/gu;

/** Words around the other way to write something that are kept with it. */
const AROUND = 3;

/**
 * `sentence` with the first way to write each part of it; then, where there is another, that with a
 * few words around it.
 */
export function rewritten(sentence: string, table: RuleTable): string[] {
  const words = digitsOf(sentence.match(WORDS) ?? []);
  const lower = words.map((word) => word.toLowerCase());
  const first: string[] = [], others: { at: number; written: string }[] = [];
  for (let at = 0; at < words.length;) {
    const found = applied(lower, at, table);
    if (found === undefined) {
      // A capital at the start of a sentence says nothing; elsewhere it belongs to a name.
      first.push(at === 0 && !/^\p{Lu}{2}/u.test(words[at]) ? lower[at] : words[at]);
      at++;
      continue;
    }
    const [way, ...more] = found.written;
    if (more.length > 0) others.push({ at: first.length, written: more[0] });
    first.push(way);
    at += found.length;
  }
  return [first, ...others.map(({ at }) => withOthers(first, others, at))]
    .map(joined).filter((line, index, lines) => line !== "" && lines.indexOf(line) === index);
}

/** The words around `at`, each in its other way where it has one. */
function withOthers(
  words: readonly string[],
  others: readonly { at: number; written: string }[],
  at: number,
): string[] {
  const from = Math.max(0, at - AROUND);
  return words.slice(from, at + AROUND + 1).map((word, index) =>
    others.find((other) => other.at === from + index)?.written ?? word
  );
}

/** Spoken numbers in digits. */
function digitsOf(words: readonly string[]): string[] {
  const out: string[] = [];
  const lower = words.map((word) => word.toLowerCase());
  for (let at = 0; at < words.length;) {
    const { digits, length } = spokenNumber(lower, at);
    if (length === 0) out.push(words[at++].replace("’", "'"));
    else {
      out.push(digits);
      at += length;
    }
  }
  return out;
}

const NUMBER = /^\d[\d.,/]*$/;

/** The longest rule that fits at `words[at]`. */
function applied(words: readonly string[], at: number, table: RuleTable) {
  const isNumber = (word: string | undefined) => word !== undefined && NUMBER.test(word);
  const rules = table.get(isNumber(words[at]) ? "#" : words[at]) ?? [];
  const exact = isNumber(words[at]) ? [...table.get(words[at]) ?? [], ...rules] : rules;
  for (const { spoken, written } of exact) {
    const fits = spoken.every((word, i) =>
      word === "#" ? isNumber(words[at + i]) : word === words[at + i]
    );
    if (!fits) continue;
    const numbers = words.slice(at, at + spoken.length).filter((_, i) => spoken[i] === "#");
    return {
      length: spoken.length,
      written: written.map((way) => {
        let next = 0;
        return way.replaceAll("#", () => numbers[next++]);
      }),
    };
  }
}

/** Words with the spaces of written text. */
const joined = (words: readonly string[]): string =>
  words.filter((word) => word !== "").join(" ")
    .replace(/ ([,.;:?!)\]]+)/g, "$1")
    .replace(/(?:[,.;]\s*)+([.?!])/g, "$1")
    .replace(/^[\s,.;:?!-]+/, "")
    .trim();
