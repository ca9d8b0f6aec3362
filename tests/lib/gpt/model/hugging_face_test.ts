// Both ways between this project and transformers: its folders are read, ours are read by it. What
// transformers computed lies in fixtures/hugging_face (see tests/oracle/hugging_face_folder.py).

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ArtifactError, sha256File, writeJson } from "../../../../pipeline/lib/base/files.ts";
import { type GptConfig, presets } from "../../../../pipeline/lib/gpt/config.ts";
import { readCheckpoint, writeCheckpoint } from "../../../../pipeline/lib/gpt/model/checkpoint.ts";
import {
  toHuggingFaceConfig,
  writeTokenizerConfig,
} from "../../../../pipeline/lib/gpt/model/hugging_face.ts";
import { readHuggingFaceModel } from "../../../../pipeline/lib/gpt/model/hugging_face_model.ts";
import type { Tensors } from "../../../../pipeline/lib/gpt/model/parameters.ts";
import { modelFromTensors } from "../../../../pipeline/lib/gpt/onnx/session.ts";
import { inFolder } from "../../../helpers/in_folder.ts";
import { oracleCheckpoint } from "./oracle_checkpoint.ts";

const fixtures = join(import.meta.dirname!, "../../..", "fixtures", "hugging_face");
const expected: {
  tokens: number[];
  logits: number[];
  from_ours: { tokens: number[]; logits: number[]; sha256: Record<string, string> };
} = JSON.parse(await Deno.readTextFile(join(fixtures, "expected.json")));

/** Logits (tokens, vocabulary), position after position. */
async function logitsOf(
  config: GptConfig,
  parameters: Tensors,
  tokens: number[],
): Promise<number[]> {
  const model = await modelFromTensors(config, parameters);
  try {
    const logits: number[] = [];
    for (let i = 1; i <= tokens.length; i++) {
      logits.push(...(await model.feed(tokens.slice(0, i))).logits);
    }
    return logits;
  } finally {
    await model.close();
  }
}

function assertClose(found: number[], wanted: number[], tolerance = 1e-4): void {
  assertEquals(found.length, wanted.length);
  const worst = Math.max(...found.map((value, i) => Math.abs(value - wanted[i])));
  assertLess(worst, tolerance);
}

for (const folder of ["single", "sharded", "bare"]) {
  Deno.test(`transformers' folder "${folder}" gives transformers' logits`, async () => {
    const { config, parameters, untiedHead } = await readHuggingFaceModel(join(fixtures, folder));
    assertEquals([config.vocab_size, config.n_positions, untiedHead], [31, 10, false]);
    assertClose(await logitsOf(config, parameters, expected.tokens), expected.logits);
  });
}

Deno.test("bfloat16 weights are the float32 ones with 8 bits of mantissa", async () => {
  const whole = await readHuggingFaceModel(join(fixtures, "single"));
  const half = await readHuggingFaceModel(join(fixtures, "half"));
  for (const [name, values] of half.parameters) {
    const exact = whole.parameters.get(name)!;
    values.forEach((value, i) => assert(Math.abs(value - exact[i]) <= Math.abs(exact[i]) / 256));
  }
});

Deno.test("an output head of its own is noticed", async () => {
  const { untiedHead } = await readHuggingFaceModel(join(fixtures, "untied"));
  assertEquals(untiedHead, true);
});

Deno.test(
  "what we write is what transformers loaded, and it computed the logits we compute",
  inFolder(async (root) => {
    const folder = join(root, "checkpoint");
    await writeCheckpoint(folder, oracleCheckpoint());
    const { tokens, logits, sha256 } = expected.from_ours;
    for (const [name, hash] of Object.entries(sha256)) {
      assertEquals(
        await sha256File(join(folder, name)),
        hash,
        `${name}: run the oracle script again`,
      );
    }
    const { config, parameters } = await readCheckpoint(folder);
    assertClose(await logitsOf(config, parameters, tokens), logits);
  }),
);

/** A copy of the fixture "single" with another config.json. */
async function changed(folder: string, changes: Record<string, unknown>): Promise<string> {
  const path = join(fixtures, "single");
  const json = JSON.parse(await Deno.readTextFile(join(path, "config.json")));
  await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify({ ...json, ...changes }));
  await Deno.copyFile(join(path, "model.safetensors"), join(folder, "model.safetensors"));
  return folder;
}

const unusable: [string, Record<string, unknown>, string][] = [
  ["another model type", { model_type: "llama" }, 'model_type is "llama", expected "gpt2"'],
  ["another activation", { activation_function: "relu" }, 'activation_function is "relu"'],
  ["another inner width", { n_inner: 20 }, "n_inner is 20, expected 48"],
  ["other attention", { scale_attn_by_inverse_layer_idx: true }, "scale_attn_by_inverse_layer_idx"],
  ["a missing size", { n_head: null }, "n_head is undefined"],
  ["a size its tensors do not have", { vocab_size: 32 }, "wte.weight has shape (31, 12), expected"],
];

for (const [what, changes, message] of unusable) {
  Deno.test(
    `a folder with ${what} is refused by field`,
    inFolder(async (root) => {
      const folder = await changed(root, changes);
      await assertRejects(() => readHuggingFaceModel(folder), ArtifactError, message);
    }),
  );
}

Deno.test(
  "a folder with pytorch_model.bin only is refused with what to do",
  inFolder(async (root) => {
    const folder = await changed(root, {});
    await Deno.rename(join(folder, "model.safetensors"), join(folder, "pytorch_model.bin"));
    await assertRejects(() => readHuggingFaceModel(folder), ArtifactError, "convert it");
  }),
);

Deno.test("tokenizer_config.json tells what the model reads, and keeps what a user wrote", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const from = join(folder, "from.json"), to = join(folder, "to.json");
    await writeJson(from, {
      tokenizer_class: "GPT2Tokenizer",
      pad_token: "x",
      model_max_length: 9,
    });
    const config = { ...presets.micro.model, vocab_size: 512, n_positions: 128 };
    await writeTokenizerConfig(from, to, config);
    assertEquals(JSON.parse(await Deno.readTextFile(to)), {
      tokenizer_class: "GPT2Tokenizer",
      pad_token: "x",
      model_max_length: 128,
      model_input_names: ["input_ids", "attention_mask"],
    });
    assertEquals(toHuggingFaceConfig(config, 0).n_ctx, 128);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
