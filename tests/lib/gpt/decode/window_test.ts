import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { boundaryAfter, fitWindow } from "../../../../pipeline/lib/gpt/decode/window.ts";
import { pieceTokenizer } from "../../../helpers/tiny_language.ts";

const tokenizer = pieceTokenizer([" pain", " fever", " and", "The", " patient", " has"]);
const sentence = "The patient has pain and fever.\n";

Deno.test("a short text stands behind the end-of-text token", () => {
  assertEquals(fitWindow("", tokenizer, 8), [tokenizer.endOfText]);
  assertEquals(fitWindow("The patient", tokenizer, 8), [
    tokenizer.endOfText,
    ...tokenizer.encode("The patient"),
  ]);
});

Deno.test("a long text is cut at a boundary and fits, and its end stays", () => {
  for (const repeats of [3, 10, 100, 1000]) {
    const text = sentence.repeat(repeats) + "The patient has";
    const tokens = fitWindow(text, tokenizer, 40);
    assertLessOrEqual(tokens.length, 40);
    assert(tokens.length >= 20 || repeats === 3, `${tokens.length} tokens, expected half of 40`);
    const shown = tokenizer.decode(tokens);
    assert(text.endsWith(shown), shown);
    assert(shown.startsWith("The"), `starts inside a sentence: ${shown}`);
  }
});

Deno.test("the window stands still while a sentence is typed", () => {
  const text = "The patient has pain and fever and pain. ".repeat(60);
  let moves = 0;
  let start = -1;
  for (let end = 1000; end <= text.length; end++) {
    const shown = tokenizer.decode(fitWindow(text.slice(0, end), tokenizer, 64));
    if (end - shown.length !== start) moves++;
    start = end - shown.length;
  }
  assertLessOrEqual(moves, (text.length - 1000) / 40);
});

Deno.test("a text without any boundary is cut anywhere", () => {
  const tokens = fitWindow("x".repeat(5000), tokenizer, 20);
  assertLessOrEqual(tokens.length, 20);
  assert(tokens.length >= 10);
});

Deno.test("the end-of-text token in a note does not end it", () => {
  const quoting = { ...tokenizer, encode: () => [tokenizer.endOfText, 65, tokenizer.endOfText] };
  assertEquals(fitWindow("any", quoting, 8), [tokenizer.endOfText, 65]);
});

Deno.test("boundaries: section before line before sentence before word", () => {
  assertEquals(boundaryAfter("a b. c\nd\n\ne", 0, 12), 10);
  assertEquals(boundaryAfter("a b. c\nd e", 0, 10), 7);
  assertEquals(boundaryAfter("a b. c d", 0, 8), 4);
  assertEquals(boundaryAfter("ab cd", 0, 5), 2);
  assertEquals(boundaryAfter("abcd", 1, 4), 1);
});
