/** samples.txt: what the model writes, from the start of a document, at moments of its training. */

import { writeAtomic } from "../lib/base/files.ts";
import { generate } from "../lib/gpt/decode/generate.ts";
import type { NextTokenModel, Tokenizer } from "../lib/gpt/decode/types.ts";

/** Fixed, so that the samples of a run can be compared. */
const SAMPLING = { temperature: 0.8, topK: 40, maxTokens: 120 };

const heading = (step: number) => `──── step ${step} ────\n`;

/** Writes a document's beginning with `model` and appends it; `step` is also the random seed. */
export async function appendSample(
  path: string,
  step: number,
  model: NextTokenModel,
  tokenizer: Tokenizer,
): Promise<void> {
  const text = await generate(model, tokenizer, "", { ...SAMPLING, seed: step });
  await writeAtomic(path, `${await samplesBefore(path, step)}${heading(step)}${text}\n\n`);
}

/** What the file holds up to `step`: a killed run may have written later samples. */
async function samplesBefore(path: string, step: number): Promise<string> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
  const later = [...text.matchAll(/^──── step (\d+) ────$/gm)]
    .find(([, number]) => Number(number) >= step);
  return later ? text.slice(0, later.index) : text;
}
