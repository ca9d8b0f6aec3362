/** What the audit found: whether training notes can be read out of the model. */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import type { Evidence, Source } from "./evidence.ts";
import { sourced, table } from "./markdown.ts";
import { type Corpus, deployed, type Effort } from "./plan.ts";

export async function privacySection(
  corpora: readonly Corpus[],
  effort: Effort,
  evidence: Evidence,
): Promise<string> {
  const parts: string[] = [];
  for (const corpus of corpora) {
    const run = deployed(corpus, effort);
    const path = join(workspace(corpus.root).run(run).audit, "audit.json");
    parts.push(verdict(corpus.title, run, await evidence.source(path, "deno task report")));
  }
  return `## Privacy

\`deno task audit\` asks of a trained model what a privacy officer would: does it continue training
notes word by word, can one tell from its loss which notes it was trained on, does it write names,
dates or numbers that look like identifiers. \`deno task export\` refuses a run that failed.

${parts.join("\n")}`;
}

const outcomes: Record<string, string> = {
  "pass": "passed",
  "fail": "**failed**",
  "cannot tell": "*cannot tell*",
};

function verdict(title: string, run: string, audit: Source): string {
  const rows = audit.keys("checks").map((i) => [
    audit.text(`checks[${i}].name`),
    audit.text(`checks[${i}].found`),
    audit.text(`checks[${i}].allowed`),
    outcomes[audit.text(`checks[${i}].outcome`)],
  ]);
  return `**${title}, ${run}: ${audit.text("verdict")}.**

${table(["check", "found", "allowed", ""], rows)}

${sourced(audit.file)}
`;
}
