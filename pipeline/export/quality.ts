/** What quantization costs, in bits per character of the test split. */

import type { GptConfig } from "../lib/gpt/config.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import type { Scorer } from "../lib/gpt/onnx/scorer.ts";

/** Sequences scored in one call. */
const BATCH = 8;

export interface TestWindows {
  /** Start of each window of n_positions inputs and as many targets, one token later. */
  starts: number[];
  tokens: Uint16Array;
}

/** Windows that do not overlap, evenly spread over the split, of at most `limit` tokens together. */
export function testWindows(
  tokens: Uint16Array,
  { n_positions }: GptConfig,
  limit: number,
): TestWindows {
  const available = Math.floor((tokens.length - 1) / n_positions);
  if (available < 1) {
    throw new RangeError(
      `Cannot measure on the test split: it has ${tokens.length} tokens, expected more than the ` +
        `context of ${n_positions}; ingest more notes and run "deno task tokenize" again`,
    );
  }
  const count = Math.min(available, Math.max(1, Math.floor(limit / n_positions)));
  const starts = Array.from(
    { length: count },
    (_, i) => Math.floor(i * available / count) * n_positions,
  );
  return { starts, tokens };
}

/** Σ −log₂ p(target) / characters, over all targets but the end-of-text token. */
export async function bitsPerCharacter(
  scorer: Pick<Scorer, "score">,
  { starts, tokens }: TestWindows,
  { n_positions }: GptConfig,
  tokenizer: Tokenizer,
  onProgress: (windows: number) => void = () => {},
): Promise<number> {
  let nats = 0, characters = 0;
  for (let first = 0; first < starts.length; first += BATCH) {
    const batch = starts.slice(first, first + BATCH);
    const window = (shift: number) =>
      Int32Array.from(batch.flatMap((start) => [
        ...tokens.subarray(start + shift, start + shift + n_positions),
      ]));
    const targets = window(1);
    const { logProbabilities } = await scorer.score(window(0), targets, n_positions);
    const text = targets.filter((token) => token !== tokenizer.endOfText);
    characters += [...tokenizer.decode([...text])].length;
    targets.forEach((token, i) => {
      if (token !== tokenizer.endOfText) nats -= logProbabilities[i];
    });
    onProgress(first + batch.length);
  }
  return nats / Math.LN2 / characters;
}
