/** What was trained, how its loss fell, whether the engines agree, and what a larger one would bring. */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import { exists } from "../lib/base/files.ts";
import type { GptConfig } from "../lib/gpt/config.ts";
import { elements, parameterTable } from "../lib/gpt/model/parameters.ts";
import { architectureDrawing } from "./architecture.ts";
import { engineChart, learningChart, readLog, scalingChart } from "./curves.ts";
import type { Drawings } from "./drawings.ts";
import type { Evidence, Source } from "./evidence.ts";
import { count, sourced, table } from "./markdown.ts";
import { type Corpus, type Effort, modelsOf } from "./plan.ts";

export async function modelSection(
  corpora: readonly Corpus[],
  effort: Effort,
  evidence: Evidence,
  drawings: Drawings,
): Promise<string> {
  const parts: string[] = [];
  for (const corpus of corpora) parts.push(await corpusPart(corpus, effort, evidence, drawings));
  const last = corpora.at(-1)!;
  const largest = modelsOf(last, effort).at(-1)!;
  const config = await evidence.source(
    workspace(last.root).run(largest).config,
    "deno task report",
  );
  const drawing = await drawings.add(
    "architecture",
    architectureDrawing(config.at("model") as GptConfig),
    `GPT-2 as trained here, shapes of ${largest}`,
  );
  const parameters = parameterRows(config.at("model") as GptConfig);
  return `## The models

A decoder-only transformer as GPT-2 has it (Radford et al. 2019): LayerNorm before each branch,
learned positions, GELU, the output head tied to the token embedding.

${drawing}

${table(["parameter", "shape", ">values", "decayed by AdamW"], parameters)}

${parts.join("\n")}`;
}

/** The parameter table, with the blocks, which are all alike, once. */
function parameterRows(model: GptConfig): string[][] {
  return parameterTable(model).filter(({ name }) => !/^h\.[1-9]/.test(name)).map((parameter) => [
    `\`${parameter.name.replace("h.0.", "h.i.")}\`${
      parameter.name.startsWith("h.0.") ? `, i < ${model.n_layer}` : ""
    }`,
    parameter.shape.join(" × "),
    count(elements(parameter.shape)),
    parameter.decay ? "yes" : "no",
  ]);
}

async function corpusPart(
  corpus: Corpus,
  effort: Effort,
  evidence: Evidence,
  drawings: Drawings,
): Promise<string> {
  const { name, title, root } = corpus;
  const runs = ["bigram", ...modelsOf(corpus, effort)];
  const rows: string[][] = [];
  const files: string[] = [];
  const curves = [];
  for (const run of runs) {
    const paths = workspace(root).run(run);
    const config = await evidence.source(paths.config, "deno task report");
    const log = await readLog(paths.log);
    curves.push({ name: run, log });
    const best = log.filter(({ kind }) => kind === "validation")
      .reduce((a, b) => b.loss < a.loss ? b : a);
    evidence.note(paths.log, `best of ${run}`, best.loss);
    files.push(config.file);
    rows.push([
      run,
      run === "bigram" ? "–" : shape(config),
      config.has("parameters") ? count(config.number("parameters")) : "–",
      count(best.tokens),
      best.loss.toFixed(3),
      best.bitsPerCharacter?.toFixed(3) ?? "–",
      config.has("engine") ? config.text("engine") : "–",
      config.has("git.revision") ? config.text("git.revision").slice(0, 7) : "–",
    ]);
  }
  const chart = await drawings.chart(
    `${name}-learning`,
    learningChart(curves),
    `Validation loss of ${runs.join(", ")} on ${title}, by training tokens`,
  );
  return `### ${title}

${
    table(
      [
        "run",
        "layers × width, context",
        ">parameters",
        ">tokens trained on",
        ">validation loss, nats",
      ]
        .concat(">bits per character", "engine", "revision"),
      rows,
    )
  }

${sourced(...files)}

${chart}

${await enginesPart(corpus, evidence, drawings)}
${await scalingPart(corpus, evidence, drawings)}`;
}

function shape(config: Source): string {
  return `${config.number("model.n_layer")} × ${config.number("model.n_embd")}, ${
    config.number("model.n_positions")
  }`;
}

/** The same run on both engines: they should lose the same. */
async function enginesPart(
  { name, title, root }: Corpus,
  evidence: Evidence,
  drawings: Drawings,
): Promise<string> {
  const [cpu, gpu] = ["engine-cpu", "engine-gpu"].map((run) => workspace(root).run(run));
  if (!await exists(cpu.log) || !await exists(gpu.log)) return "";
  const logs = [await readLog(cpu.log), await readLog(gpu.log)];
  const [a, b] = logs.map((log) => log.filter(({ kind }) => kind === "train"));
  const apart = a.slice(0, b.length).map(({ loss }, i) => Math.abs(loss - b[i].loss));
  const early = Math.max(...apart.slice(0, 10)), all = Math.max(...apart);
  evidence.note(gpu.log, "largest difference of the first ten losses", early);
  evidence.note(gpu.log, "largest difference of all losses", all);
  const adapter = await evidence.source(gpu.config, "deno task report");
  const chart = await drawings.chart(
    `${name}-engines`,
    engineChart(a, b),
    `Training loss of the same run on both engines, on ${title}`,
  );
  return `**Both engines, one run.** The same seed, data and weights on ONNX Runtime and on our WGSL kernels
(${adapter.text("engine")}): the first ten losses differ by at most ${early.toExponential(1)}, all
${apart.length} by at most ${all.toExponential(1)} nats (rounding, grown by training).

${chart}
`;
}

/** The law where it can be relied on; one sentence where it cannot. */
function scalingText(report: Source): string {
  const doubt = report.has("doubt") ? report.text("doubt") : undefined;
  if (doubt !== undefined || !report.has("scaling")) {
    return `These runs do not determine a scaling law${doubt === undefined ? "" : `: ${doubt}`}.`;
  }
  const fitted = (name: string) => report.number(`scaling.${name}`);
  return `The law of Hoffmann et al. (2022) fitted to them: loss = ${fitted("E").toFixed(2)} + ${
    fitted("A").toPrecision(3)
  } / N^${fitted("a").toFixed(2)} + ${fitted("B").toPrecision(3)} / D^${
    fitted("b").toFixed(2)
  }, off by ${
    fitted("residual").toFixed(3)
  } nats (RMS). Nine short runs say where to look next, not what a model a thousand times larger would reach.`;
}

async function scalingPart(
  { name, title, root }: Corpus,
  evidence: Evidence,
  drawings: Drawings,
): Promise<string> {
  const report = await evidence.optional(join(root, "reports", "sweep-scaling.json"));
  if (report === undefined) return "";
  const runs = report.at("runs") as { parameters: number; tokens: number; loss: number }[];
  const chart = await drawings.chart(
    `${name}-scaling`,
    scalingChart(runs),
    `Validation loss of ${runs.length} short runs on ${title}, by model size and training tokens`,
  );
  return `**Scaling.** ${scalingText(report)}

${chart}

${sourced(report.file)}
`;
}
