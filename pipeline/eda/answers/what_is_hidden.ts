import { format } from "../../lib/base/cli.ts";
import { directKinds } from "../../lib/clinical/identifiers.ts";
import { type Content, figure, html, notice, share, table } from "../../lib/base/page/html.ts";
import { barChart, lengthChart } from "../charts.ts";
import type { Eda } from "../analyse.ts";
import { LEAST_PATIENTS } from "../shared.ts";
import { type Answer, percent, short } from "./answer.ts";

const SECTIONS_SHOWN = 12;

/** What is de-identified, and what may have been missed. */
export const whatIsHidden: Answer = async (eda, draw) => {
  const { redactions, lengths, counts } = eda;
  const marked = redactions.total >= counts.notes / 10;
  const lead = marked
    ? `${format(redactions.total)} redactions (___): ${
      format(lengths.redactions.median)
    } in the median note, one in ${short(lengths.raw_words.total / redactions.total)} words. ${
      percent(redactions.notes_with / counts.notes)
    } of the notes have at least one.`
    : redactions.placeholders.length > 0
    ? "The notes hardly use ___; other placeholders are listed below."
    : "The notes hold no placeholders: nothing shows that they were de-identified.";
  return {
    id: "de-identified",
    title: "What is de-identified?",
    lead,
    body: [
      marked ? await redactionCharts(eda, draw) : "",
      redactions.placeholders.length === 0 ? "" : table({
        caption: "Other placeholders",
        columns: ["style", "occurrences", "notes"],
        rows: redactions.placeholders.map(({ style, matches, notes }) => [
          html`<code>${style}</code>`,
          format(matches),
          format(notes),
        ]),
      }),
      residual(eda),
    ],
  };
};

async function redactionCharts(
  { redactions, lengths }: Eda,
  draw: Parameters<Answer>[1],
): Promise<Content> {
  const bars = (rows: { count: number; share: number }[], labels: string[]) =>
    rows.map(({ count, share }, index) => ({
      label: labels[index],
      value: count,
      text: `${percent(share)}  (${format(count)})`,
    }));
  const kinds = redactions.by_kind;
  const sections = redactions.by_section.slice(0, SECTIONS_SHOWN);
  const densest = redactions.by_section.toSorted((a, b) => b.per_1000 - a.per_1000)
    .slice(0, SECTIONS_SHOWN);
  const words = (caption: string, rows: Eda["redactions"]["words_before"]) =>
    table({
      caption,
      columns: ["word", "redactions", { title: "share", align: "left" }],
      rows: rows.slice(0, 12).map(({ word, count, share: part }) => [
        html`<code>${word}</code>`,
        format(count),
        share(part / rows[0].share, percent(part)),
      ]),
    });
  return [
    figure(
      (await draw(
        "redaction_kinds",
        barChart(bars(kinds, kinds.map(({ kind }) => kind))),
        "Redactions by what was probably taken out",
      )).inline,
      "What was probably taken out, guessed from the words on either side. MIMIC's ___ carries no type, so nothing can confirm the guess.",
    ),
    figure(
      (await draw(
        "redaction_sections",
        barChart(bars(sections, sections.map(({ name }) => name))),
        "Redactions by section of the note",
      )).inline,
      "Where in the note the redactions are.",
    ),
    figure(
      (await draw(
        "redaction_density",
        barChart(densest.map(({ name, per_1000 }) => ({
          label: name,
          value: per_1000,
          text: short(per_1000),
        }))),
        "Redactions in 1,000 characters of each section",
      )).inline,
      "How dense they are: redactions in 1,000 characters of the section.",
    ),
    figure(
      (await draw(
        "redactions",
        lengthChart(lengths.redactions, "redactions in the note"),
        `Notes by their number of redactions, median ${lengths.redactions.median}`,
      )).inline,
      "How many redactions a note has.",
    ),
    html`<div class="columns">${words("Word before ___", redactions.words_before)}${
      words("Word after ___", redactions.words_after)
    }</div>`,
    hidden(redactions.hidden_words),
  ];
}

/** What stands in the places of redactions elsewhere. */
function hidden(places: Eda["redactions"]["hidden_words"]): Content {
  if (places.length === 0) return "";
  return [
    html`<h3>Words that hide behind ___</h3>`,
    html`<p>What other notes have between the same two words. Where that is no name, date or place, de-identification took more than identifiers. Shown is what at least ${LEAST_PATIENTS} patients share.</p>`,
    table({
      columns: ["between", "patients", "elsewhere (patients)"],
      rows: places.map(({ before, after, patients, words }) => [
        html`<code>${before} ___ ${after}</code>`,
        format(patients),
        words.map(({ word, patients }) => `${word} (${format(patients)})`).join(", "),
      ]),
    }),
  ];
}

/** Counts and masked forms of what looks like an identifier that is still there. */
function residual({ identifiers, counts }: Eda): Content {
  const found = identifiers.filter(({ matches }) => matches > 0);
  const clear = identifiers.filter(({ matches }) => matches === 0).map(({ what }) => what);
  return [
    html`<h3>What may have been missed</h3>`,
    html`<p>A search for identifiers that have a shape. Examples are masked: x a letter, X a capital, 9 a digit. A hit is not proof of an identifier, and no hit is no proof that there is none: names in running text have no shape.</p>`,
    found.length === 0 ? "" : table({
      columns: [
        "kind",
        "hits",
        "notes",
        { title: "share of notes", align: "left" },
        "masked examples",
      ],
      rows: found.map(({ kind, matches, notes, examples }) => [
        kind,
        format(matches),
        format(notes),
        share(notes / counts.notes, percent(notes / counts.notes)),
        examples.map(({ masked }, index) => [index > 0 ? ", " : "", html`<code>${masked}</code>`]),
      ]),
    }),
    clear.length === 0 ? "" : html`<p>Not found: ${clear.join("; ")}.</p>`,
    found.some(({ kind }) => directKinds.has(kind))
      ? notice(
        "Shapes of direct identifiers were found: numbers and addresses that reach a person. Have them looked at before the notes are used.",
      )
      : "",
  ];
}
