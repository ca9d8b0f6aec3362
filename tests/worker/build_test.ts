// What goes into the worker's bundle, from files that may be missing or damaged.

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  ArtifactError,
  sha256File,
  writeAtomic,
  writeJson,
} from "../../pipeline/lib/base/files.ts";
import { modelInfo } from "../../worker/host/build.ts";
import { noLineage } from "../helpers/tiny_lineage.ts";
import { inFolder } from "../helpers/in_folder.ts";

Deno.test(
  "an export may lack its report; a damaged one is named, not taken for missing",
  inFolder(async (root) => {
    const folder = join(root, "runs", "nano", "export");
    await writeAtomic(join(folder, "model.onnx"), "graph");
    await writeJson(join(folder, "config.json"), { n_positions: 64, vocab_size: 300 });
    const { name, context_length, parameters } = await modelInfo(folder, "wasm", "model.onnx");
    assertEquals({ name, context_length, parameters }, {
      name: "nano",
      context_length: 64,
      parameters: undefined,
    });
    await writeAtomic(join(folder, "export.json"), '{"parameters": 10');
    await assertRejects(
      () => modelInfo(folder, "wasm", "model.onnx"),
      ArtifactError,
      "export.json: expected JSON",
    );
  }),
);

Deno.test(
  "a file of an export that is not the one that export.json names is not served",
  inFolder(async (root) => {
    const folder = join(root, "runs", "nano", "export");
    const model = join(folder, "model.onnx"), config = join(folder, "config.json");
    await writeAtomic(model, "graph");
    await writeJson(config, { n_positions: 64, vocab_size: 300 });
    const sum = async (path: string) => ({ bytes: 1, sha256: await sha256File(path) });
    await writeJson(join(folder, "export.json"), {
      version: 2,
      lineage: noLineage,
      run: "nano",
      parameters: 10,
      files: { "model.onnx": await sum(model), "config.json": await sum(config) },
      mixture: { leftOut: "none" },
    });
    const info = () => modelInfo(folder, "wasm", "model.onnx");
    assertEquals((await info()).parameters, 10);
    await writeAtomic(join(folder, "ngram.bin"), "a table of single patients");
    await assertRejects(info, ArtifactError, "ngram.bin: it is not the file that");
    await Deno.remove(join(folder, "ngram.bin"));
    await writeAtomic(model, "another graph");
    await assertRejects(info, ArtifactError, "model.onnx: it is not the file that");
  }),
);
