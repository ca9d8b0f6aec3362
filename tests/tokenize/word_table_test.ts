import { assertEquals, assertLess } from "@std/assert";
import { PairMap } from "../../pipeline/tokenize/pair_map.ts";
import { WordCounts } from "../../pipeline/tokenize/word_counts.ts";
import { WordTable } from "../../pipeline/lib/base/word_table.ts";
import { RandomText } from "./random_text.ts";

Deno.test("WordTable gives every byte string one index, as a Map would", () => {
  const table = new WordTable(4);
  const expected = new Map<string, number>();
  const random = new RandomText(2);
  for (let i = 0; i < 20_000; i++) {
    // Words over three letters: many repeats, many shared prefixes.
    const word = Array.from({ length: random.integer(9) }, () => random.integer(3));
    const key = word.join("");
    if (!expected.has(key)) expected.set(key, expected.size);
    assertEquals(
      table.intern(Uint8Array.from([7, ...word, 7]), 1, 1 + word.length),
      expected.get(key),
    );
  }
  assertEquals(table.size, expected.size);
  for (const [key, index] of expected) assertEquals(table.word(index).join(""), key);
  const { bytes, starts } = table.take();
  assertEquals([table.size, bytes.length, starts.length], [0, starts.at(-1), expected.size + 1]);
  table.intern(Uint8Array.of(5), 0, 1);
  table.clear();
  assertEquals(table.size, 0);
  assertEquals(table.intern(Uint8Array.of(1), 0, 1), 0);
});

Deno.test("WordCounts adds up what several workers counted", () => {
  const [a, b, sum] = [new WordCounts(), new WordCounts(), new WordCounts()];
  const text = new TextEncoder().encode("bpmbp");
  a.add(text, 0, 2, 1);
  a.add(text, 2, 3, 5);
  b.add(text, 3, 5, 2);
  sum.addAll(a.pack());
  sum.addAll(b.pack());
  assertEquals([...sum.pack().counts], [3, 5]);
});

Deno.test("PairMap keeps pairs apart and numbers them in order", () => {
  const pairs = new PairMap(2);
  for (let i = 0; i < 5000; i++) assertEquals(pairs.intern(i % 71 + 1, i), i);
  for (let i = 0; i < 5000; i++) assertEquals(pairs.find(i % 71 + 1, i), i);
  assertEquals(pairs.find(1, 1), -1);
  assertEquals(pairs.intern(65535, 65535), 5000);
  assertEquals(pairs.find(65535, 65535), 5000);
});

Deno.test("WordCounts forgets the rarest words when there are too many, and keeps the others' counts", () => {
  const words = new WordCounts(100);
  for (let i = 0; i < 5000; i++) {
    words.add(Uint8Array.of(i % 7), 0, 1, 1);
    words.add(Uint8Array.of(i & 255, i >> 8), 0, 2, 1);
    assertLess(words.words.size, 101);
  }
  const { counts, starts } = words.pack();
  const frequent = [...counts].filter((_, word) => starts[word + 1] - starts[word] === 1);
  assertEquals(frequent.toSorted(), [714, 714, 714, 714, 714, 715, 715]);
});
