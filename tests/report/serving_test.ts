// The report's table of speeds against what the bench really writes: its type, not a copy of it.

import { assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { writeJson } from "../../pipeline/lib/base/files.ts";
import { Evidence } from "../../pipeline/report/evidence.ts";
import { type Corpus, deployed, efforts } from "../../pipeline/report/plan.ts";
import { servingSection } from "../../pipeline/report/serving_section.ts";
import type { ServeReport } from "../bench/serve/main.ts";
import { inFolder } from "../helpers/in_folder.ts";

const typing = { requests: 9, superseded: 0, errors: 0, computed_tokens_mean: 2 };

const engine: ServeReport["onnxruntime_web"] = {
  bundle: { raw: 12_900_000, gzip: 11_200_000 },
  cold_ms: 26,
  keystroke: { ...typing, p50_ms: 20, p95_ms: 47 },
  typists: 5,
  typists_together: { ...typing, p50_ms: 61, p95_ms: 182 },
  fuzz: {
    requests: 1,
    server_errors: 0,
    leaks: 0,
    printed_lines: 1,
    printed_leaks: 0,
    alive: true,
  },
  memory: { js_heap: 1, buffers: 1, webassembly: 1, workerd_resident: null },
};

const bench: ServeReport = {
  model: "untrained nano",
  cores: 2,
  decode: {
    workerd_ms: 2.9,
    onnxruntime_web_ms: 6.9,
    native_ms: 3.1,
    ratio: 0.94,
    times_onnxruntime_web: 2.4,
    best_workerd_ms: 2.8,
  },
  ...engine,
  onnxruntime_web: engine,
};

Deno.test(
  "serving: sizes of the export, speeds of the bench",
  inFolder(async (root) => {
    const corpus: Corpus = { name: "synthetic", title: "Synthetic", root, inDepth: false };
    const file = { bytes: 3_000_000 };
    await writeJson(
      join(workspace(root).run(deployed(corpus, efforts.quick)).export, "export.json"),
      {
        run: "micro",
        files: {
          "onnx/model.onnx": file,
          "onnx/model_quantized.onnx": file,
        },
        quantization: { onnxruntime: { cost: 0.001 }, kernels: { cost: 0.0002 } },
      },
    );
    await writeJson(join(root, "serve.json"), bench);
    const text = await servingSection([corpus], efforts.quick, new Evidence(root), root);
    assertStringIncludes(text, "| a keystroke, 5 typists at once: 95% | 182.0 ms |");
    assertStringIncludes(text, "12.9 MB");
    assertStringIncludes(text, "0.02%");
  }),
);
