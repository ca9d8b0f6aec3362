/** What the notes are: counts, lengths, vocabulary, de-identification, repetition. */

import { workspace } from "../artifacts.ts";
import type { Evidence, Source } from "./evidence.ts";
import { percent } from "../lib/base/format.ts";
import { count, sourced, table } from "./markdown.ts";
import type { Corpus } from "./plan.ts";

export async function dataSection(corpora: readonly Corpus[], evidence: Evidence): Promise<string> {
  const eda = await Promise.all(
    corpora.map(({ root }) => evidence.source(workspace(root).edaJson, "deno task report")),
  );
  const tokens = await Promise.all(
    corpora.map(({ root }) => evidence.source(workspace(root).tokensReport, "deno task report")),
  );
  const row = (title: string, value: (source: Source, i: number) => string) => [
    title,
    ...eda.map(value),
  ];
  const lengths = (what: string) => (source: Source) =>
    ["p5", "median", "p95", "max"].map((p) => count(source.number(`lengths.${what}.${p}`)))
      .join(" / ");
  const coverage = (share: number) => (source: Source) => {
    const i = source.indexOf("vocabulary.coverage", "share", share);
    return i < 0 ? "–" : count(source.number(`vocabulary.coverage[${i}].words`));
  };
  const rows = [
    row("notes", (source) => count(source.number("counts.notes"))),
    row(
      "patients",
      (source) =>
        source.number("counts.notes_without_patient") === source.number("counts.notes")
          ? "not given: each note counts as its own"
          : count(source.number("counts.patients")),
    ),
    row("characters in all", (source) => count(source.number("lengths.characters.total"))),
    row("characters per note: 5% / median / 95% / longest", lengths("characters")),
    row("words per note, the same", lengths("words")),
    row(
      "tokens per note on average",
      (_, i) => count(tokens[i].number("splits.train.tokensPerNote")),
    ),
    row(
      "characters per token",
      (_, i) => tokens[i].number("splits.train.charactersPerToken").toFixed(2),
    ),
    row("distinct words", (source) => count(source.number("vocabulary.words.distinct"))),
    row("of these seen once", (source) =>
      percent(
        source.number("vocabulary.words.hapaxes") / source.number("vocabulary.words.distinct"),
      )),
    row("words that cover 90% of the text", coverage(0.9)),
    row("words that cover 99% of the text", coverage(0.99)),
    row(
      "Heaps' exponent (how fast new words appear)",
      (source) => source.number("vocabulary.heaps_fit.beta").toFixed(2),
    ),
    row("`___` per note, median", (source) => count(source.number("lengths.redactions.median"))),
    row(
      "characters in sentences that recur",
      (source) => percent(source.number("recurrence.share_of_text_recurring")),
    ),
    row("suspected identifiers left in", (source) =>
      count(
        source.keys("identifiers").reduce(
          (sum, i) => sum + source.number(`identifiers[${i}].matches`),
          0,
        ),
      )),
  ];
  return `## The notes

${corpora.map(({ title, notes }) => description(title, notes)).join(" ")}

${table(["", ...corpora.map(({ title }) => `>${title}`)], rows)}

${sourced(...eda.map(({ file }) => file), ...tokens.map(({ file }) => file))}

${eda.map((source, i) => findings(source, corpora[i].title)).join("\n")}
`;
}

const description = (title: string, notes: string | undefined) =>
  notes === undefined
    ? "The synthetic notes come from this project's generator: discharge summaries in the layout of " +
      "MIMIC-IV-Note, invented from readable lists of clinical knowledge. They describe nobody and " +
      "are far more regular than what people write."
    : `${title} are real notes, read from \`${notes.split("/").at(-1)}\`; nothing of their text ` +
      "stands in this report.";

function findings(source: Source, title: string): string {
  const sections = source.keys("sections.sections");
  const most = Math.min(3, sections.length);
  const share = sections.slice()
    .sort((a, b) => sectionShare(source, b) - sectionShare(source, a))
    .slice(0, most)
    .map((i) =>
      `${source.text(`sections.sections[${i}].name`)} ${
        percent(source.number(`sections.sections[${i}].share_of_text`), 0)
      }`
    );
  const lines = [`**${title}.**`];
  if (share.length > 0) lines.push(`Most of the text stands in: ${share.join(", ")}.`);
  lines.push(
    `${percent(source.number("recurrence.share_of_text_templated"))} of the characters are ` +
      "templates: sentences that differ only in numbers and blanks.",
  );
  return `${lines.join(" ")}\n`;
}

const sectionShare = (source: Source, i: string): number =>
  source.at(`sections.sections[${i}].share_of_text`);
