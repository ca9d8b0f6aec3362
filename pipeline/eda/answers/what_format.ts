import { format } from "../../lib/base/cli.ts";
import { type Content, figure, html, share, table } from "../../lib/base/page/html.ts";
import type { Eda } from "../analyse.ts";
import { anatomyChart, lineChart } from "../charts.ts";
import { type Answer, percent } from "./answer.ts";

const SUB_HEADERS_SHOWN = 16;

/** The general format of a note. */
export const whatFormat: Answer = async (eda, draw) => {
  const { sections, lines } = eda;
  const wrapped = lines.wrapped_at === null
    ? "lines are as long as their paragraphs"
    : `prose is hard-wrapped at about ${lines.wrapped_at} characters`;
  const agreement = sections.order_agreement === null
    ? ""
    : ` Two sections of a note stand in the order below in ${
      percent(sections.order_agreement)
    } of cases.`;
  const lead = {
    mimic:
      `The layout of a MIMIC-IV-Note discharge summary: ${sections.sections.length} sections, each with its header alone on a line; ${wrapped}.${agreement}`,
    headed: `Not MIMIC's layout, but headed: ${sections.common} ${
      sections.common === 1 ? "header is" : "headers are"
    } common (in at least 5% of the notes)${
      sections.common > sections.sections.length
        ? `, the commonest ${sections.sections.length} of which are shown`
        : ""
    }; ${wrapped}.${agreement}`,
    plain: `No common section headers; ${wrapped}.`,
  }[sections.shape];
  return {
    id: "format",
    title: "What does a note look like?",
    lead,
    body: [
      sections.sections.length > 0 ? await sectionTable(eda, draw) : "",
      await linesOf(eda, draw),
    ],
  };
};

async function sectionTable({ sections }: Eda, draw: Parameters<Answer>[1]): Promise<Content> {
  const subHeaders = sections.sub_headers.slice(0, SUB_HEADERS_SHOWN);
  const subTable = (rows: typeof subHeaders) =>
    table({
      columns: ["header", "notes", { title: "share of notes", align: "left" }],
      rows: rows.map((
        { name, notes, share: part },
      ) => [name, format(notes), share(part, percent(part))]),
    });
  const half = Math.ceil(subHeaders.length / 2);
  return [
    sections.shape === "mimic"
      ? figure(
        (await draw(
          "anatomy",
          anatomyChart(sections),
          "Share of the text that each section takes, in the order of the note",
        )).inline,
        "The average note from its first line to its last: each block is a section, as tall as its share of the text.",
      )
      : "",
    table({
      caption: "Sections, in their usual order",
      columns: [
        "section",
        "notes",
        { title: "share of notes", align: "left" },
        "median length",
        "90%",
        { title: "share of the text", align: "left" },
      ],
      rows: sections.sections.map((section) => [
        section.name,
        format(section.notes),
        share(section.share, percent(section.share)),
        format(section.median_characters),
        format(section.p90_characters),
        share(section.share_of_text, percent(section.share_of_text)),
      ]),
    }),
    subHeaders.length === 0 ? "" : html`
      <h3>Headers inside sections</h3>
      <div class="columns">${subTable(subHeaders.slice(0, half))}${subTable(
        subHeaders.slice(half),
      )}</div>
    `,
  ];
}

async function linesOf({ lines, counts }: Eda, draw: Parameters<Answer>[1]): Promise<Content> {
  return [
    html`<h3>On the line</h3>`,
    figure(
      (await draw("lines", lineChart(lines), "Lines that are not empty, by length in characters"))
        .inline,
      `${format(lines.lines)} lines, ${percent(lines.empty_share)} of them empty, ${
        percent(lines.trailing_space_share)
      } ending in a space; the median line has ${lines.median_length} characters.${
        lines.two_spaces_share === null
          ? ""
          : ` ${
            percent(lines.two_spaces_share)
          } of the full stops inside a line are followed by two spaces.`
      }`,
    ),
    table({
      caption: "Kinds of lines",
      columns: ["kind", "for example", "lines", { title: "share of lines", align: "left" }, {
        title: "notes with one",
        align: "left",
      }],
      rows: lines.kinds.map((kind) => [
        kind.kind,
        html`<code>${kind.example}</code>`,
        format(kind.lines),
        share(kind.share, percent(kind.share)),
        share(kind.notes / counts.notes, percent(kind.notes / counts.notes)),
      ]),
    }),
  ];
}
