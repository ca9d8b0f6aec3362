// What goes into the worker's bundle, from files that may be missing or damaged.

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";
import { modelInfo } from "../../worker/host/build.ts";
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
      SyntaxError,
      "export.json: it is not JSON",
    );
  }),
);
