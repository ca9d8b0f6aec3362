/** Length and variety: what decides whether a language model can learn from the notes. */

import { assert, assertGreater, assertLess } from "@std/assert";
import { sample } from "./sample.ts";

const texts = sample(600, 12).map(({ text }) => text);

Deno.test("lengths are MIMIC's: median 1,690 words within 10%, a right tail, 2k to 30k characters", () => {
  const words = texts.map((text) => text.trim().split(/\s+/).length).sort((a, b) => a - b);
  const at = (share: number) => words[Math.floor(words.length * share)];
  assertGreater(at(0.5), 1690 * 0.9);
  assertLess(at(0.5), 1690 * 1.1);
  const mean = words.reduce((sum, n) => sum + n, 0) / words.length;
  assertGreater(mean, at(0.5), "the tail must pull the mean above the median");
  // Of 3,000 notes: mean 1,799, 99th percentile 3,878 words, the longest 36,817 characters.
  assertLess(mean, 1775 * 1.1);
  assertGreater(at(0.99), 3300);
  assertGreater(words.at(-1)!, 4000);
  const characters = texts.map((text) => text.length).sort((a, b) => a - b);
  assertGreater(characters[0], 2000);
  assertLess(characters[Math.floor(characters.length * 0.999)], 40_000);
});

Deno.test("the vocabulary keeps growing", () => {
  const vocabulary = new Set<string>();
  const sizes: number[] = [];
  for (const [index, text] of texts.entries()) {
    for (const word of text.toLowerCase().match(/[a-z]+/g)!) vocabulary.add(word);
    if (index + 1 === 150 || index + 1 === 600) sizes.push(vocabulary.size);
  }
  const [early, late] = sizes;
  assertGreater(late, 6000);
  // Heaps' exponent over a fourfold corpus; 0 would be a vocabulary that is used up.
  assertGreater(Math.log(late / early) / Math.log(4), 0.2);
});

Deno.test("narrative sentences repeat far less than templates would make them", () => {
  const seen = new Set<string>();
  let repeated = 0, total = 0;
  for (const text of texts) {
    const begin = text.indexOf("History of Present Illness:\n") + 28;
    const story = text.slice(begin, text.indexOf("Past Medical History:\n")).replaceAll(
      / ?\n/g,
      " ",
    );
    for (const sentence of story.split(/(?<=[a-z)]\.)\s+/)) {
      if (sentence.split(" ").length < 6) continue;
      total++;
      if (seen.has(sentence)) repeated++;
      seen.add(sentence);
    }
  }
  assertGreater(total, 5000);
  assertLess(repeated / total, 0.35, `${repeated} of ${total} sentences occurred before`);
});

Deno.test("no two notes are alike, and hospital courses share few lines", () => {
  assert(new Set(texts).size === texts.length);
  const seen = new Set<string>();
  let repeated = 0, total = 0;
  for (const text of texts) {
    const begin = text.indexOf("Brief Hospital Course:\n");
    for (const line of text.slice(begin, text.indexOf("Medications on Admission:\n")).split("\n")) {
      if (line.length < 40) continue;
      total++;
      if (seen.has(line)) repeated++;
      seen.add(line);
    }
  }
  // Measured: 0.18 (short problem paragraphs such as "Continued home tamsulosin.").
  assertLess(repeated / total, 0.22, `${repeated} of ${total} lines occurred before`);
});
