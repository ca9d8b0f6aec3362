import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { toByteLevel } from "../../pipeline/lib/gpt/decode/byte_level.ts";
import { trainBpe } from "../../pipeline/tokenize/bpe_trainer.ts";
import { PATTERN } from "../../pipeline/tokenize/pre_tokenizer.ts";
import { WordCounts } from "../../pipeline/tokenize/word_counts.ts";
import { countWords, huggingFace } from "./fixture.ts";
import { RandomText } from "./random_text.ts";

const learn = ({ words, counts }: WordCounts, vocabSize: number, minFrequency = 2) => {
  const { tokens, merges } = trainBpe(words, counts, { vocabSize, minFrequency });
  return { tokens, merges: merges.map(({ left, right }) => [tokens[left], tokens[right]]) };
};

Deno.test("the worked example in the trainer's comment", () => {
  const words = new WordCounts();
  for (const [word, count] of [["hug", 10], ["pug", 5], ["hugs", 5]] as const) {
    words.add(new TextEncoder().encode(word), 0, word.length, count);
  }
  // p+ug and hug+s occur five times each: the pair with the lower left id goes first.
  assertEquals(learn(words, 1000).merges, [["u", "g"], ["h", "ug"], ["p", "ug"], ["hug", "s"]]);
  assertEquals(learn(words, 259).merges.length, 2);
  assertEquals(learn(words, 1000, 6).merges.length, 2);
});

Deno.test("the same vocabulary and merges as Hugging Face tokenizers", () => {
  assertEquals(huggingFace.pattern, PATTERN, "the pattern has changed: run the oracle again");
  const { tokens, merges } = learn(countWords(huggingFace.corpus), huggingFace.vocab_size);
  assertEquals(tokens, huggingFace.vocab);
  assertEquals(merges, huggingFace.merges);
  // That corpus has no more pairs to merge. A smaller vocabulary is the beginning of it.
  assertLess(tokens.length, huggingFace.vocab_size);
  const smaller = learn(countWords(huggingFace.corpus), 400);
  assertEquals(smaller.tokens, huggingFace.vocab.slice(0, 400));
});

/** The definition, read aloud: count all pairs afresh, merge the best one everywhere. */
function learnSlowly(words: WordCounts, vocabSize: number): string[][] {
  const corpus = Array.from({ length: words.words.size }, (_, i) => ({
    symbols: [...toByteLevel(words.words.word(i))],
    count: words.counts[i],
  }));
  const merges: string[][] = [];
  const order = learn(new WordCounts(), 257).tokens;
  while (order.length < vocabSize) {
    const counts = new Map<string, number>();
    for (const { symbols, count } of corpus) {
      for (let i = 1; i < symbols.length; i++) {
        const pair = JSON.stringify([symbols[i - 1], symbols[i]]);
        counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    }
    const rank = (pair: string) => JSON.parse(pair).map((token: string) => order.indexOf(token));
    const best = [...counts].filter(([, count]) => count >= 2).sort(([a, n], [b, m]) => {
      const [x, y] = [rank(a), rank(b)];
      return m - n || x[0] - y[0] || x[1] - y[1];
    })[0];
    if (best === undefined) break;
    const [left, right] = JSON.parse(best[0]);
    merges.push([left, right]);
    if (!order.includes(left + right)) order.push(left + right);
    for (const word of corpus) word.symbols = mergePair(word.symbols, left, right);
  }
  return merges;
}

function mergePair(symbols: string[], left: string, right: string): string[] {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const hit = symbols[i] === left && symbols[i + 1] === right;
    merged.push(hit ? left + right : symbols[i]);
    if (hit) i++;
  }
  return merged;
}

Deno.test("the same merges as recounting everything after each one", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new RandomText(seed);
    // Two letters make for runs ("aaaa") and many ties.
    const texts = Array.from(
      { length: 30 },
      () => Array.from({ length: random.integer(12) }, () => "ab "[random.integer(3)]).join(""),
    );
    const words = countWords(texts);
    assertEquals(learn(words, 275).merges, learnSlowly(words, 275), `seed ${seed}`);
  }
});

Deno.test("a vocabulary that uint16 cannot hold, or smaller than the bytes, is refused", () => {
  assertThrows(() => learn(new WordCounts(), 256), RangeError, "expected 257 to 65536");
  assertThrows(() => learn(new WordCounts(), 65537), RangeError, "expected 257 to 65536");
});
