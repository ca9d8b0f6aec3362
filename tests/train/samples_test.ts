import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import type { NextTokenModel } from "../../pipeline/lib/gpt/decode/types.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { charTokenizerJson } from "../../pipeline/tokenize/tokenizer_json.ts";
import { appendSample } from "../../pipeline/train/samples.ts";
import { inFolder } from "../helpers/in_folder.ts";

const tokenizer = createTokenizer(charTokenizerJson());

/** Likes every letter equally: what it writes depends on the random seed alone. */
const model: NextTokenModel<number> = {
  vocabSize: tokenizer.vocabSize,
  contextLength: 64,
  feed: (tokens, state = 0) => {
    const logits = new Float32Array(tokenizer.vocabSize);
    logits[tokenizer.endOfText] = -Infinity;
    return Promise.resolve({ logits, state: state + tokens.length });
  },
};

Deno.test(
  "samples are appended, the same for the same step; a resumed run replaces later ones",
  inFolder(async (folder) => {
    const path = join(folder, "samples.txt");
    const write = (step: number) => appendSample(path, step, model, tokenizer);
    await write(100);
    await write(200);
    const before = await Deno.readTextFile(path);
    assertMatch(
      before,
      /^──── step 100 ────\n[a-z0-9 ]{120}\n\n──── step 200 ────\n[a-z0-9 ]{120}\n\n$/,
    );
    await write(300);
    await write(200);
    assertEquals(await Deno.readTextFile(path), before);
  }),
);
