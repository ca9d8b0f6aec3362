/** REPORT.md, its drawings, and the list of its figures. */

import { join } from "@std/path";
import { writeAtomic, writeJson } from "../lib/base/files.ts";
import { stagesOf } from "./plan.ts";
import { dataSection } from "./data_section.ts";
import { Drawings } from "./drawings.ts";
import { effectivenessSection } from "./effectiveness_section.ts";
import { Evidence } from "./evidence.ts";
import { modelSection } from "./model_section.ts";
import { pipelineSection } from "./pipeline_section.ts";
import type { Corpus, Effort } from "./plan.ts";
import { privacySection } from "./privacy_section.ts";
import { servingSection } from "./serving_section.ts";
import limits from "./limits.md" with { type: "text" };

export interface ReportOptions {
  corpora: readonly Corpus[];
  effort: Effort;
  /** Workspace of the report; its corpora and benches lie below. */
  root: string;
  /** Folder to write to. */
  output: string;
}

/** Writes the report from the artifacts of all stages; an `ArtifactError` where one is missing. */
export async function writeReport({ corpora, effort, root, output }: ReportOptions): Promise<void> {
  const evidence = new Evidence(root);
  const drawings = new Drawings(output);
  const benches = join(root, "reports", "bench");
  const plans = corpora.map((corpus) => stagesOf(corpus, effort, "train"));
  const sections = [
    introduction(corpora),
    await dataSection(corpora, evidence),
    await pipelineSection(plans, evidence, benches),
    await modelSection(corpora, effort, evidence, drawings),
    await effectivenessSection(corpora, effort, evidence, drawings),
    await privacySection(corpora, effort, evidence),
    await servingSection(corpora, effort, evidence, benches),
    limits,
  ];
  await writeAtomic(join(output, "REPORT.md"), tidy(sections.join("\n\n")));
  await writeJson(join(output, "figures.json"), evidence.figures);
}

function introduction(corpora: readonly Corpus[]): string {
  return `# Nano Med GPT: the write-up

What the notes are, what the models learned from them, what that is worth at the keyboard, and what it
gives away. Written by \`deno task report\` on ${
    new Date().toISOString().slice(0, 10)
  } with Deno ${Deno.version.deno} on ${navigator.hardwareConcurrency} cores; each figure stands in [figures.json](figures.json) with the file and
the field it comes from. Corpora: ${corpora.map(({ title }) => title).join(", ")}.`;
}

/** No more than one empty line in a row, one newline at the end. */
const tidy = (markdown: string): string => markdown.replace(/\n{3,}/g, "\n\n").trimEnd() + "\n";
