/** `deno task handoff`: a run as a folder that PyTorch trains on as many GPUs as there are. */

import { dirname, join } from "@std/path";
import { workspace } from "../../artifacts.ts";
import { ArtifactError, exists } from "../../lib/base/files.ts";
import { defineTask, runTask, UsageError } from "../../lib/base/cli.ts";
import { type PresetName, presets } from "../../lib/gpt/config.ts";
import { readTrainingData } from "../data.ts";
import { configFlags, initFlags, overridesOf } from "../flags.ts";
import { prepareNew } from "../prepare.ts";
import { DEFAULT_RUN } from "../run_folder.ts";
import { writeHandoff } from "./folder.ts";

await runTask(defineTask({
  name: "handoff",
  summary:
    "Writes a folder that torchrun, Accelerate or Azure ML can train on several GPUs: same\n" +
    "data, tokenizer, configuration and initial weights. deno task import brings the result back.",
  flags: {
    preset: {
      type: "string",
      choices: Object.keys(presets),
      default: "nano",
      help: "starting values",
    },
    run: { type: "string", default: DEFAULT_RUN, placeholder: "NAME", help: "name of the run" },
    out: {
      type: "string",
      placeholder: "DIR",
      help: "folder to write (default DATA/handoff/NAME)",
    },
    force: { type: "boolean", help: "replace a folder of the same name" },
    tokens: { type: "integer", min: 1, help: "token budget, instead of --steps" },
    ...initFlags,
    ...configFlags,
  },
  examples: ["deno task handoff --preset gpt2 --run big --batch-size 64"],
  async run(flags) {
    const place = workspace(flags.data);
    const folder = flags.out ?? join(place.root, "handoff", flags.run);
    if (!flags.force && await exists(folder)) {
      throw new ArtifactError(
        `Cannot hand off to ${folder}: it exists; replace it with --force or choose another --out`,
      );
    }
    const data = await readTrainingData(place);
    const { warnings, ...prepared } = await prepareNew(place, data, {
      name: flags.run,
      preset: flags.preset as PresetName,
      // train.py knows one phase: what is learned from public texts is brought by --init-from.
      overrides: { ...overridesOf(flags), pretrain: { passes: 0, train: {} } },
      initFrom: flags.initFrom,
      adaptVocabulary: flags.adaptVocabulary,
    });
    if (prepared.config.train.optimizer !== "adamw") {
      throw new UsageError(
        `Cannot hand off with --optimizer ${prepared.config.train.optimizer}: train.py updates by ` +
          "AdamW only; leave the flag out, or train here",
      );
    }
    if (data.base) {
      throw new ArtifactError(
        `Cannot hand off: ${place.root} holds public texts and no notes; train the base here`,
      );
    }
    if (data.public.length > 0) {
      console.error(
        "The public texts stay here: train.py knows one phase. Train a base on them and hand it off " +
          "with --init-from",
      );
    }
    for (const warning of warnings) console.error(`Adapted: ${warning}`);
    await Deno.mkdir(dirname(folder), { recursive: true });
    await writeHandoff(folder, prepared, data, place);
    console.log(`Wrote ${folder}: as sensitive as the notes.
Next: see its README.md; then deno task import ${folder} --run ${flags.run}`);
  },
}));
