// The worker threads of eval on a tiny run: what they import must not keep them from their first
// message.

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { runPaths } from "../../../../pipeline/artifacts.ts";
import { measureNotes } from "../../../../pipeline/lib/gpt/typing/note_pool.ts";
import { compileKernels } from "../../../../pipeline/lib/gpt/wasm/compile.ts";
import { inFolder } from "../../../helpers/in_folder.ts";
import { writeTinyRun } from "../../../helpers/tiny_export.ts";

const NOTE = "On exam: no fever, no cough. ".repeat(4);

Deno.test(
  "notes are typed in worker threads, which find the words of a phrase said before",
  inFolder(async (folder) => {
    const { config } = await writeTinyRun(folder);
    const run = runPaths(folder);
    const note = {
      text: NOTE,
      passage: { from: NOTE.length >> 1, to: NOTE.length },
      words: [{ text: "fever", start: NOTE.lastIndexOf("fever"), class: "word" as const }],
      withGrowths: true,
    };
    const done: number[] = [];
    const results = await measureNotes(
      {
        specs: [{ kind: "gpt" }, { kind: "gpt", mixture: { note: [1, 0.1, 0.1, 0.1, 0.1] } }],
        sources: {
          tokenizer: run.tokenizer,
          checkpoint: run.last,
          ngram: join(folder, "none"),
          kernels: await compileKernels(),
        },
        levels: [0.05],
      },
      [note, { ...note, text: NOTE.toUpperCase(), words: [] }],
      (index) => done.push(index),
      2,
    );
    assertEquals(done.toSorted(), [0, 1]);
    assertEquals(results.map((notes) => notes.map(({ words }) => words.length)), [[1, 0], [1, 0]]);
    const [untrained, withNote] = results.map(([{ words: [{ ranks }] }]) => ranks[0]);
    assertEquals([untrained, withNote], [0, 1], `${config.vocab_size} tokens`);
    const [alone, beside] = results.map(([{ typings: [{ whole }] }]) => whole.keystrokes);
    assert(beside < alone, `${beside} keystrokes with the note's own n-grams, ${alone} without`);
  }),
);
