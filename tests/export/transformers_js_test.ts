// The export as a stranger loads it: transformers.js, from the folder and with nothing told to it.

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { AutoTokenizer, env, pipeline } from "@huggingface/transformers";
import { runPaths } from "../../pipeline/artifacts.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { writeModelFiles } from "../../pipeline/export/export.ts";
import { readCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { writeTokenizerConfig } from "../../pipeline/lib/gpt/model/hugging_face.ts";
import { modelFromGraph } from "../../pipeline/lib/gpt/onnx/session.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";

env.allowRemoteModels = false;

const graphs = { fp32: "model.onnx", q8: "model_quantized.onnx" } as const;

for (const dtype of ["fp32", "q8"] as const) {
  Deno.test(
    `transformers.js continues greedily as we do, ${dtype}`,
    inFolder(async (root) => {
      const { config, exportFolder } = await writeTinyRun(root, { initializer_range: 0.3 });
      const { parameters, endOfText } = await readCheckpoint(runPaths(root).last);
      await writeModelFiles(exportFolder, { config, parameters, endOfText });
      const json = JSON.parse(await Deno.readTextFile(join(exportFolder, "tokenizer.json")));
      const tokenizer = createTokenizer(json);
      const model = await modelFromGraph(
        config,
        await Deno.readFile(join(exportFolder, "onnx", graphs[dtype])),
      );
      env.localModelPath = `${root}/`;
      const generate = await pipeline("text-generation", "export", { dtype, device: "cpu" });
      for (const prompt of ["the patient", "The quick brown fox", "12 mg"]) {
        const tokens = tokenizer.encode(prompt);
        let fed = await model.feed(tokens);
        while (tokens.length < 40) {
          const next = fed.logits.indexOf(Math.max(...fed.logits));
          if (next === endOfText) break;
          tokens.push(next);
          fed = await model.feed([next], fed.state);
        }
        const [{ generated_text }] = await generate(prompt, {
          max_new_tokens: 40 - tokenizer.encode(prompt).length,
          do_sample: false,
        }) as { generated_text: string }[];
        assertEquals(generated_text, tokenizer.decode(tokens));
      }
      await model.close();
      await generate.dispose();
    }),
  );
}

Deno.test(
  "a text longer than the context is cut to it, and generation_config.json names no length",
  inFolder(async (root) => {
    const { config, exportFolder } = await writeTinyRun(root, {});
    const { parameters, endOfText } = await readCheckpoint(runPaths(root).last);
    await writeModelFiles(exportFolder, { config, parameters, endOfText });
    const file = join(exportFolder, "tokenizer_config.json");
    await writeTokenizerConfig(file, file, config);
    env.localModelPath = `${root}/`;
    const tokenizer = await AutoTokenizer.from_pretrained("export");
    const { input_ids } = await tokenizer("the patient ".repeat(300), { truncation: true });
    assertEquals(input_ids.dims, [1, config.n_positions]);
    const generation = await Deno.readTextFile(join(exportFolder, "generation_config.json"));
    assertEquals(Object.keys(JSON.parse(generation)).includes("max_length"), false);
  }),
);
