/** What each stage does, and its speed beside its peers. */

import { join } from "@std/path";
import type { Stage } from "../artifacts/stages.ts";
import type { Evidence } from "./evidence.ts";
import { code, sourced, table } from "./markdown.ts";

const PURPOSE: Record<string, string> = {
  synthesize:
    "invents discharge summaries in MIMIC-IV-Note's schema from lists of clinical knowledge",
  ingest:
    "reads notes in any common format, repairs and deduplicates, splits by patient into Parquet",
  eda:
    "counts, lengths, vocabulary, de-identification, sections, repetition, by SQL; one HTML page",
  tokenize: "learns a byte-level BPE with a pre-tokenization for notes and encodes every note",
  ngram: "counts token n-grams, keeps those that at least five patients' notes share",
  train: "GPT-2 by AdamW, as one ONNX graph on the CPU or by our WGSL kernels on WebGPU",
  eval: "types held-out notes with and without suggestions, compared with n-gram baselines",
  audit: "looks for training text, membership and identifiers in what the model writes",
  export: "ONNX in float32 and int8, checked against the trained model",
};

/** What `deno task bench` compares each part with, by the name of its JSON. */
const BENCHES: Record<string, string> = {
  ingest: "Ingest compared with pandas",
  tokenize: "Tokenizer compared with Hugging Face tokenizers",
  train: "A training step of nano on the CPU compared with PyTorch",
};

/** `plans` are the stages of the corpora. */
export async function pipelineSection(
  plans: readonly (readonly Stage[])[],
  evidence: Evidence,
  benchFolder: string,
): Promise<string> {
  const stages = new Map(plans.flat().map((stage) => [stage.name, stage]));
  const rows = Array.from(stages.values(), ({ name, does }) => [code(name), PURPOSE[name] ?? does]);
  return `## The pipeline

Stages meet only through files; each can be run alone (\`deno task NAME --help\`).

${table(["stage", "what it does"], rows)}

${await benches(evidence, benchFolder)}`;
}

/** The rows that the benches wrote, where they were run. */
async function benches(evidence: Evidence, folder: string): Promise<string> {
  const parts: string[] = [];
  for (const [name, title] of Object.entries(BENCHES)) {
    const source = await evidence.optional(join(folder, `${name}.json`));
    if (source === undefined) continue;
    const columns = Object.keys(source.at("rows[0]"));
    const rows = source.keys("rows").map((i) =>
      columns.map((column) => {
        const value = source.at(`rows[${i}]`)[column];
        evidence.note(join(folder, `${name}.json`), `rows[${i}].${column}`, value);
        return String(value ?? "–");
      })
    );
    const aligned = columns.map((column, i) =>
      rows.every((row) => /^[\d.,]+\D{0,4}$/.test(row[i])) ? `>${column}` : column
    );
    parts.push(
      `**${title}** (\`deno task bench ${name}\`)\n\n${table(aligned, rows)}\n\n${
        sourced(source.file)
      }\n`,
    );
  }
  return parts.join("\n");
}
