import { assertEquals } from "@std/assert";
import { nearCopies } from "../../../pipeline/eval/measure/near_copies.ts";

/** `count` words that no other call with another `seed` gives. */
const words = (seed: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${seed}${index}`).join(" ");
const note = (...parts: string[]) => ({ text: parts.join("\n") });

Deno.test("a note that repeats a passage of a training note is found, whatever its line breaks", () => {
  const passage = words("p", 40);
  const copy = note(words("a", 300), passage.replaceAll(" ", "\n").toUpperCase());
  const short = note(words("b", 300), words("p", 20));
  const own = note(words("c", 300));
  const train = [note(words("x", 50), passage, words("y", 50)), note(words("z", 90))];
  // 29 of 329 runs are in the training note; of `short` 9 of 309, fewer than 5%.
  assertEquals(nearCopies([copy, short, own], train), new Set([copy]));
});

Deno.test("the same words in another order are no copy, nor are eleven in a row", () => {
  const found = nearCopies(
    [note(words("p", 11), words("a", 11)), note(words("p", 40).split(" ").reverse().join(" "))],
    [note(words("p", 40)), note(words("a", 11), words("b", 30))],
  );
  assertEquals(found.size, 0);
});

Deno.test("boilerplate that ten training notes share makes no copy", () => {
  const boilerplate = words("instructions", 60);
  const held = note(boilerplate, words("h", 30));
  const train = (count: number) =>
    Array.from({ length: count }, (_, index) => note(words(`t${index}_`, 40), boilerplate));
  assertEquals(nearCopies([held], train(9)), new Set([held]));
  assertEquals(nearCopies([held], train(10)), new Set());
});

Deno.test("a passage that one training note says twice counts once; empty notes are none", () => {
  const passage = words("p", 30);
  const held = note(passage), empty = note("");
  const twice = note(...Array.from({ length: 12 }, () => passage));
  assertEquals(nearCopies([held, empty], [twice]), new Set([held]));
  assertEquals(nearCopies([held], []), new Set());
});
