import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { lineageOf } from "../../pipeline/artifacts/lineage.ts";
import { writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";
import { bestThreshold, measuredSystems } from "../../pipeline/export/evidence.ts";
import { inFolder } from "../helpers/in_folder.ts";

Deno.test(
  "the worker's threshold is that of what is served, as eval measured this checkpoint",
  inFolder(async (root) => {
    const paths = workspace(root), run = paths.run("latest");
    const model = join(run.best, "model.safetensors");
    await writeAtomic(model, "weights");
    assertEquals(await measuredSystems(paths, run), []);
    const system = (name: string, kind: string, best: number) => ({
      name,
      kind,
      ours: kind !== "baseline",
      bitsPerCharacter: null,
      nextWord: null,
      keystrokes: { best, curve: [] },
    });
    const { created, files: from } = await lineageOf({ paths, run }, {}, [model]);
    await writeJson(join(run.eval, "eval.json"), {
      version: 3,
      lineage: { created, from, files: {} },
      checkpoint: { sha256: "" },
      models: [
        system("Kneser-Ney word 5-gram", "baseline", 0.3),
        system("GPT", "gpt", 0.5),
        system("GPT + n-grams", "gpt+mixture", 0.2),
      ],
    });
    const systems = await measuredSystems(paths, run);
    assertEquals(bestThreshold(systems, "gpt"), 0.5);
    assertEquals(bestThreshold(systems, "gpt+mixture"), 0.2);
    await writeAtomic(model, "other weights");
    assertEquals(await measuredSystems(paths, run), []);
  }),
);
