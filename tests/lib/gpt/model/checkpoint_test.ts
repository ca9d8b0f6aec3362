import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { runPaths } from "../../../../pipeline/artifacts.ts";
import { ArtifactError, writeJson } from "../../../../pipeline/lib/base/files.ts";
import type { GptConfig } from "../../../../pipeline/lib/gpt/config.ts";
import {
  type Checkpoint,
  readCheckpoint,
  readMoments,
  readRunCheckpoint,
  writeCheckpoint,
} from "../../../../pipeline/lib/gpt/model/checkpoint.ts";
import { initialParameters } from "../../../../pipeline/lib/gpt/model/init.ts";
import { readSafetensorsHeader } from "../../../../pipeline/lib/gpt/model/safetensors.ts";
import { inFolder } from "../../../helpers/in_folder.ts";

const config: GptConfig = {
  vocab_size: 11,
  n_positions: 8,
  n_embd: 12,
  n_layer: 2,
  n_head: 3,
  embd_pdrop: 0,
  attn_pdrop: 0.1,
  resid_pdrop: 0,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
};

const checkpoint: Required<Checkpoint> = {
  config,
  endOfText: 10,
  parameters: initialParameters(config, 1),
  moments: { moment1: initialParameters(config, 2), moment2: initialParameters(config, 3) },
  state: {
    step: 7,
    loader: { epoch: 1, position: 3 },
    skipped: ["0:4"],
    learningRateScale: 0.5,
    smoothedLoss: 0.1 + 0.2,
    gradNormMean: null,
    bestLoss: 1.25,
    bestStep: 5,
    validationsSinceBest: 1,
    seconds: 12.5,
  },
};

const names = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

Deno.test(
  "a checkpoint comes back as it was written",
  inFolder(async (root) => {
    const folder = join(root, "last");
    await writeCheckpoint(folder, checkpoint);
    const { moments, ...rest } = checkpoint;
    assertEquals(await readCheckpoint(folder), rest);
    assertEquals(await readMoments(folder, config), moments);
    assertEquals(await names(root), ["last"]);
  }),
);

Deno.test(
  "the weights file has GPT2LMHeadModel's names, without the tied head",
  inFolder(async (root) => {
    const folder = join(root, "last");
    await writeCheckpoint(folder, checkpoint);
    const { entries } = await readSafetensorsHeader(join(folder, "model.safetensors"), "");
    assertEquals(entries.get("transformer.h.1.attn.c_attn.weight")?.shape, [12, 36]);
    assertEquals(entries.size, 2 + 2 * 12 + 2);
    assert(!entries.has("lm_head.weight"));
    const json = JSON.parse(await Deno.readTextFile(join(folder, "config.json")));
    assertEquals([json.model_type, json.activation_function], ["gpt2", "gelu_new"]);
  }),
);

Deno.test(
  "a second write replaces the first and leaves nothing else behind",
  inFolder(async (root) => {
    const folder = join(root, "last");
    await writeCheckpoint(folder, checkpoint);
    await writeCheckpoint(folder, { ...checkpoint, state: { ...checkpoint.state, step: 8 } });
    assertEquals((await readCheckpoint(folder)).state?.step, 8);
    assertEquals(await names(root), ["last"]);
  }),
);

Deno.test(
  "a crash between the two renames loses nothing",
  inFolder(async (root) => {
    const folder = join(root, "last");
    await writeCheckpoint(folder, checkpoint);
    await Deno.rename(folder, `${folder}.previous`);
    assertEquals((await readCheckpoint(folder)).state?.step, 7);
    assertEquals((await readMoments(folder, config)).moment1.size, checkpoint.parameters.size);
    assertEquals((await readRunCheckpoint(runPaths(root))).state?.step, 7);
    await writeCheckpoint(folder, { ...checkpoint, state: { ...checkpoint.state, step: 8 } });
    assertEquals((await readCheckpoint(folder)).state?.step, 8);
    assertEquals(await names(root), ["last"]);
  }),
);

Deno.test(
  "a failed write leaves the previous checkpoint and no temporary files",
  inFolder(async (root) => {
    const folder = join(root, "last");
    await writeCheckpoint(folder, checkpoint);
    const parameters = new Map(checkpoint.parameters);
    parameters.delete("ln_f.bias");
    await assertRejects(
      () => writeCheckpoint(folder, { ...checkpoint, parameters }),
      ArtifactError,
      "the previous one is intact",
    );
    assertEquals((await readCheckpoint(folder)).state?.step, 7);
    assertEquals(await names(root), ["last"]);
  }),
);

for (const file of ["model.safetensors", "config.json", "optimizer.safetensors", "state.json"]) {
  Deno.test(
    `a changed byte, a cut and a missing ${file} are each refused by name`,
    inFolder(async (root) => {
      const folder = join(root, "last"), path = join(folder, file);
      await writeCheckpoint(folder, checkpoint);
      const whole = await Deno.readFile(path);
      const changed = whole.slice();
      changed[whole.length - 3] ^= 1;
      for (const bytes of [changed, whole.slice(0, whole.length - 1)]) {
        await Deno.writeFile(path, bytes);
        const error = await assertRejects(() => readCheckpoint(folder), ArtifactError, "checksum");
        assert(error.message.includes(file) && error.message.includes("deno task train"));
      }
      await Deno.remove(path);
      await assertRejects(() => readCheckpoint(folder), ArtifactError, `Cannot find ${path}`);
    }),
  );
}

Deno.test(
  "weights of another size than config.json are refused with both shapes",
  inFolder(async (root) => {
    const folder = join(root, "last"), other = join(root, "other");
    await writeCheckpoint(folder, checkpoint);
    const wide = { ...config, vocab_size: 12 };
    await writeCheckpoint(other, {
      ...checkpoint,
      config: wide,
      parameters: initialParameters(wide, 1),
      moments: undefined,
    });
    // The same files with honest checksums: only the shapes disagree.
    const sums = (await Deno.readTextFile(join(folder, "SHA256SUMS"))).trimEnd().split("\n");
    const otherSums = (await Deno.readTextFile(join(other, "SHA256SUMS"))).split("\n");
    await Deno.copyFile(join(other, "model.safetensors"), join(folder, "model.safetensors"));
    const mixed = sums.map((line) =>
      line.endsWith("model.safetensors")
        ? otherSums.find((o) => o.endsWith("l.safetensors"))!
        : line
    );
    await Deno.writeTextFile(join(folder, "SHA256SUMS"), mixed.join("\n") + "\n");
    await assertRejects(
      () => readCheckpoint(folder),
      ArtifactError,
      "transformer.wte.weight has shape (12, 12), expected shape (11, 12)",
    );
  }),
);

Deno.test(
  "a run without a checkpoint is refused with the runs there are and the command",
  inFolder(async (root) => {
    await writeCheckpoint(join(root, "runs", "first", "last"), checkpoint);
    const run = runPaths(join(root, "runs", "typo"));
    const error = await assertRejects(() => readRunCheckpoint(run), ArtifactError);
    assert(error.message.includes("there are: first"), error.message);
    assert(error.message.includes("deno task train --run typo"), error.message);
  }),
);

Deno.test(
  "a counted baseline is said to have no checkpoint, not told to be trained",
  inFolder(async (root) => {
    const run = runPaths(join(root, "runs", "bigram"));
    await writeJson(run.config, { preset: "bigram" });
    const error = await assertRejects(() => readRunCheckpoint(run), ArtifactError);
    assert(error.message.includes('run "bigram": it is a counted baseline'), error.message);
    assert(!error.message.includes("deno task train"), error.message);
  }),
);

Deno.test(
  "a run is judged by its best checkpoint where it has one",
  inFolder(async (root) => {
    const run = runPaths(root);
    await writeCheckpoint(run.last, checkpoint);
    assertEquals((await readRunCheckpoint(run)).folder, run.last);
    await writeCheckpoint(run.best, { ...checkpoint, state: { ...checkpoint.state, step: 5 } });
    assertEquals((await readRunCheckpoint(run)).state?.step, 5);
  }),
);
