/** Slips that optional words and alternatives easily leave in a sentence. */

import { assert } from "@std/assert";
import { sample } from "./sample.ts";

const slips: Record<string, RegExp> = {
  "a word twice": /\b(?!had |that |irreg )([a-z]{2,}) \1\b/,
  '"a" before a vowel': /\ba (?!one|once|eu)[aeio][a-z]+/,
  '"an" before a consonant': /\ban [bcdfgjkpqrtvwz][a-z]{2,}/,
  "two marks": /\.\.|\. \.|,,|, \.|; ?\.|,;|\( /,
  "a sentence that ends on a small word":
    /\b(?:and|or|with|of|the|a|for|from|was|were|is) ?[.;](?=\s|$)/,
  "an empty list": /\(\)|\(,/,
  "with twice": /\b(?:p\/w|c\/o|s\/p|presenting|presented) with with\b|\bp\/w with\b/,
  "a plural for one": /\b(?:[Pp]ain|[Ee]tiology|[Gg]lucose|[Rr]hythm|[Ww]eight) were\b/,
  "two prepositions": /\b(?:with|from|of) (?:of|with|from|for)\b/,
  "one of several":
    /\b(?:1|one) (?:weeks|days|months|units|years|nights|episodes|hours|glasses|beers|doses|times)\b/,
  "person and verb": /\b(?:he|she) (?:were|are|have)\b/,
  "a small letter after a stop": /[a-z)]\.[ ]{1,2}(?!pH|proBNP)[a-z]{3,} [a-z]+/,
};

Deno.test("sentences are whole", () => {
  for (const { text } of sample(400, 31)) {
    const begin = text.indexOf("History of Present Illness:");
    const running = text.slice(begin).replaceAll(/ \n(?=\S)/g, " ");
    for (const [what, pattern] of Object.entries(slips)) {
      const found = pattern.exec(running);
      const around = found && running.slice(Math.max(0, found.index - 60), found.index + 60);
      assert(!found, `${what}: …${around}…`);
    }
  }
});
