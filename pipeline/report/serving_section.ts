/** What is deployed: its size, what quantization costs, and how fast the worker answers. */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import type { Evidence, Source } from "./evidence.ts";
import { percent } from "../lib/base/format.ts";
import { megabytes, sourced, table } from "./markdown.ts";
import { type Corpus, deployed, type Effort } from "./plan.ts";

export async function servingSection(
  corpora: readonly Corpus[],
  effort: Effort,
  evidence: Evidence,
  benchFolder: string,
): Promise<string> {
  const exports = await Promise.all(corpora.map((corpus) =>
    evidence.source(
      join(workspace(corpus.root).run(deployed(corpus, effort)).export, "export.json"),
      "deno task report",
    )
  ));
  const rows = exports.map((source, i) => [
    corpora[i].title,
    source.text("run"),
    megabytes(fileBytes(source, "onnx/model.onnx")),
    megabytes(fileBytes(source, "onnx/model_quantized.onnx")),
    percent(source.number("quantization.onnxruntime.cost"), 2),
    percent(source.number("quantization.kernels.cost"), 2),
  ]);
  return `## Serving

The export is a folder that transformers.js and \`transformers\` open; the worker serves its int8 graph
and answers \`/complete\` in workerd, on Cloudflare or on the hospital's own machine.

${
    table(
      ["corpus", "run", ">ONNX float32", ">ONNX int8"]
        .concat(">its cost in bits per character, ONNX Runtime", ">the same, our kernels"),
      rows,
    )
  }

${sourced(...exports.map(({ file }) => file))}

${await speed(evidence, join(benchFolder, "serve.json"))}`;
}

const fileBytes = (source: Source, name: string): number => source.at("files")[name].bytes;

/** What `deno task bench serve` measured, where it was run. */
async function speed(evidence: Evidence, path: string): Promise<string> {
  const bench = await evidence.optional(path);
  if (bench === undefined) return "";
  const ms = (key: string) => `${bench.number(key).toFixed(1)} ms`;
  const together = `${bench.number("typists")} typists at once`;
  const rows = [
    ["a decoded token in workerd", ms("decode.workerd_ms")],
    ["the same in native ONNX Runtime", ms("decode.native_ms")],
    ["a fresh isolate until it is ready", ms("cold_ms")],
    ["a keystroke, one typist: median", ms("keystroke.p50_ms")],
    ["a keystroke, one typist: 95%", ms("keystroke.p95_ms")],
    [`a keystroke, ${together}: median`, ms("typists_together.p50_ms")],
    [`a keystroke, ${together}: 95%`, ms("typists_together.p95_ms")],
    ["the worker's bundle", megabytes(bench.number("bundle.raw"))],
  ];
  return `**Speed of the worker**, ${bench.text("model")}, ${
    bench.number("cores")
  } cores (\`deno task bench serve\`)

${table(["", ">measured"], rows)}

${sourced(bench.file)}
`;
}
