/** The report as a page: the original project's five questions, each answered before it is shown. */

import { format } from "../lib/base/cli.ts";
import { findingsOf } from "./findings.ts";
import { renderChart } from "../lib/base/page/chart.ts";
import { type Content, findings, tiles } from "../lib/base/page/html.ts";
import { page } from "../lib/base/page/page.ts";
import type { Eda } from "./analyse.ts";
import { LEAST_PATIENTS } from "./shared.ts";
import { type Answer, type DrawChart, percent, short } from "./answers/answer.ts";
import { howLong } from "./answers/how_long.ts";
import { howMany } from "./answers/how_many.ts";
import { whatFormat } from "./answers/what_format.ts";
import { whatIsHidden } from "./answers/what_is_hidden.ts";
import { whatRepeats } from "./answers/what_repeats.ts";
import { whereFrom } from "./answers/where_from.ts";
import { whichWords } from "./answers/which_words.ts";

const answers: readonly Answer[] = [
  howMany,
  howLong,
  whichWords,
  whatIsHidden,
  whatFormat,
  whatRepeats,
];

/** The page, and the charts by file name. */
export interface EdaReport {
  page: string;
  charts: Map<string, string>;
}

/** Renders all charts and writes the page around them. */
export async function edaReport(eda: Eda): Promise<EdaReport> {
  const charts = new Map<string, string>();
  const draw: DrawChart = async (name, spec, description) => {
    const chart = await renderChart(spec, description);
    charts.set(`${name}.svg`, chart.file);
    return chart;
  };
  const sections = [];
  for (const answer of answers) sections.push(await answer(eda, draw));
  if (eda.ingest) sections.push(whereFrom(eda.ingest));
  const sources = eda.counts.by_source.map(({ source }) => source);
  const named = sources.length > 3 ? `${sources.length} sources` : sources.join(", ");
  const text = page({
    title: "The notes at a glance",
    subtitle: `${named} · measured ${eda.created.slice(0, 16).replace("T", " ")} UTC`,
    summary: summary(eda),
    sections,
    footer:
      `Of the notes themselves this page and eda.json show only words, headers, sentences and signs that at least ${LEAST_PATIENTS} patients share${
        eda.counts.notes_without_patient > 0
          ? " (a note whose patient is not named counts as a patient)"
          : ""
      }. Computed on this machine by deno task eda; the page loads nothing and sends nothing. The numbers behind it are in eda.json, its charts are SVG files in the same folder.`,
  });
  return { page: text, charts };
}

/** The figures to leave with. */
function summary(eda: Eda): Content {
  const { counts, lengths, vocabulary, redactions, recurrence, sections } = eda;
  const found = findingsOf(eda);
  const named = counts.notes > counts.notes_without_patient;
  return [
    tiles([
      {
        label: "notes",
        value: format(counts.notes),
        note: named ? `of ${format(counts.patients)} patients` : "patients are not named",
      },
      {
        label: "words in the median note",
        value: format(lengths.raw_words.median),
        note: `${format(lengths.characters.median)} characters`,
      },
      {
        label: "different words",
        value: format(vocabulary.words.distinct),
        note: `${format(vocabulary.raw_words.distinct)} as written`,
      },
      {
        label: "redactions in the median note",
        value: format(lengths.redactions.median),
        note: redactions.total === 0
          ? "no ___ anywhere"
          : `one in ${short(lengths.raw_words.total / redactions.total)} words`,
      },
      {
        label: "sections",
        value: sections.shape === "plain"
          ? "none"
          : format(sections.shape === "headed" ? sections.common : sections.sections.length),
        note:
          { mimic: "MIMIC-IV-Note's layout", headed: "common headers", plain: "no common header" }[
            sections.shape
          ],
      },
      {
        label: "templated text",
        value: percent(recurrence.share_of_text_templated),
        note: "sentences shared by ten notes or more",
      },
    ]),
    found.length === 0 ? "" : findings(found),
  ];
}
