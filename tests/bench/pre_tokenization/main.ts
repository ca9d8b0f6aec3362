/**
 * `deno task bench pre_tokenization`: what the pre-tokenization in use is worth on notes.parquet,
 * beside others. Tokens per note decide how far a context reaches; bits per character say how well
 * a model can predict through them.
 */

import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { requireFile, writeJson } from "../../../pipeline/lib/base/files.ts";
import { defineTask } from "../../../pipeline/lib/base/cli.ts";
import { patterns } from "./patterns.ts";
import { readTexts, study } from "./study.ts";

export const task = defineTask({
  name: "bench pre_tokenization",
  summary: "Compares ways to split notes before BPE: tokens per note, bits per character.",
  flags: {
    "vocab-size": { type: "integer", default: 2048, min: 300, max: 65536, help: "BPE tokens" },
    notes: { type: "integer", default: 800, min: 1, help: "training notes to use" },
  },
  async run({ vocabSize, notes, data }) {
    const paths = workspace(data);
    await requireFile(paths.notes, "deno task ingest");
    const texts = await readTexts(paths.notes);
    texts.train.length = Math.min(notes, texts.train.length);
    const rows = Object.entries(patterns).map(([name, pattern]) => {
      const row = { pattern: name, ...study(texts, new RegExp(pattern, "gu"), vocabSize) };
      console.log(
        `${row.tokensPerNote.toFixed(1).padStart(8)} tokens per note  ${
          row.bitsPerCharacter.toFixed(4)
        } bits per character  ${name}`,
      );
      return row;
    });
    const out = join(paths.root, "reports", "bench", "pre_tokenization.json");
    await writeJson(out, { notes: texts.train.length, vocabSize, rows });
    console.log(`Wrote ${out}`);
  },
});
