import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Document } from "../../../../pipeline/lib/gpt/scoring/documents.ts";
import {
  bitsPerCharacter,
  scoreNotes,
  windowsOver,
} from "../../../../pipeline/lib/gpt/scoring/language_model.ts";
import type { Scorer } from "../../../../pipeline/lib/gpt/onnx/scorer.ts";

const document = (tokens: number[]): Document => ({
  tokens: Uint16Array.from(tokens),
  text: "x".repeat(2 * tokens.length),
  characters: 2 * tokens.length,
});

Deno.test("windows score every target exactly once, with half a context before it", () => {
  for (const [length, context] of [[1, 8], [8, 8], [9, 8], [50, 8], [13, 5], [7, 1]]) {
    const seen = new Array<number>(length).fill(0);
    for (const { from, scoredFrom, to } of windowsOver(0, length, context)) {
      assertEquals(to - from <= context, true);
      for (let at = scoredFrom; at < to; at++) {
        seen[at]++;
        const before = at - from;
        assertEquals(from === 0 || before >= context >> 1, true, `target ${at} sees ${before}`);
      }
    }
    assertEquals(seen, new Array(length).fill(1), `length ${length}, context ${context}`);
  }
});

/** Gives ln p = −(input + 2 · target), so that a misplaced row, input or target shows in the sum. */
const scorer: Scorer = {
  score(inputs, targets) {
    return Promise.resolve({
      logProbabilities: Float32Array.from(inputs, (input, i) => -(input + 2 * targets[i])),
    });
  },
  close: () => Promise.resolve(),
};

Deno.test("each token is scored given the one before it, the first given end-of-text", async () => {
  const notes = [document([5, 6, 7]), document(Array.from({ length: 300 }, (_, i) => i % 9))];
  const scores = await scoreNotes(scorer, 8, 3, notes);
  for (const [index, { tokens }] of notes.entries()) {
    let nats = 0;
    tokens.forEach((token, at) => nats += (at === 0 ? 3 : tokens[at - 1]) + 2 * token);
    assertAlmostEquals(scores[index].bits, nats / Math.LN2, 1e-6 * nats);
    assertEquals(scores[index].tokens, tokens.length);
  }
  const bits = scores[0].bits + scores[1].bits;
  assertAlmostEquals(bitsPerCharacter(scores), bits / (2 * 303), 1e-12);
});
