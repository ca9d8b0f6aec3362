/** The five answers in the terminal. */

import { format } from "../lib/base/cli.ts";
import type { Eda } from "./analyse.ts";
import { findingsOf } from "./findings.ts";
import { percent, short } from "./answers/answer.ts";

/** A few lines for each of the original project's questions. */
export function terminalSummary(eda: Eda): string {
  const found = findingsOf(eda);
  const worthKnowing = found.length === 0 ? [] : [question("Worth knowing", found)];
  return [
    notes(eda),
    lengths(eda),
    vocabulary(eda),
    redactions(eda),
    layout(eda),
    ...worthKnowing,
  ].join("\n\n");
}

function notes({ counts }: Eda): string {
  const named = counts.notes > counts.notes_without_patient;
  const types = counts.by_type.slice(0, 4).map(({ type, notes }) => `${format(notes)} ${type}`);
  return question("How many notes?", [
    named
      ? `${format(counts.notes)} notes of ${format(counts.patients)} patients, ${
        format(counts.admissions)
      } admissions`
      : `${format(counts.notes)} notes; the source names no patients`,
    `types: ${types.join(", ")}`,
  ]);
}

function lengths({ lengths: { raw_words, characters } }: Eda): string {
  const values = ({ p5, p25, median, p75, p95, max }: typeof raw_words) =>
    [p5, p25, median, p75, p95, max].map(format);
  const rows = [
    ["", "5%", "25%", "median", "75%", "95%", "max"],
    ["words", ...values(raw_words)],
    ["characters", ...values(characters)],
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return question(
    "How long are they?",
    rows.map(([name, ...cells]) =>
      name.padEnd(widths[0]) +
      cells.map((cell, column) => "  " + cell.padStart(Math.max(7, widths[column + 1]))).join("")
    ),
  );
}

function vocabulary({ vocabulary: { raw_words, words, characters, coverage } }: Eda): string {
  const cover = coverage.filter(({ share }) => share >= 0.9)
    .map(({ share, words }) => `${format(words)} cover ${percent(share)}`);
  return question("Which words and characters?", [
    `${format(raw_words.distinct)} different words as written; ${
      format(words.distinct)
    } without case and punctuation, ${format(words.hapaxes)} of them once`,
    `of these ${cover.join(", ")} of the text`,
    `${format(characters.distinct)} different characters, ${
      format(characters.ascii_distinct)
    } of them ASCII`,
  ]);
}

function redactions({ redactions, lengths, counts, identifiers }: Eda): string {
  const kinds = redactions.by_kind.slice(0, 4).map(({ kind, share }) =>
    `${kind} ${percent(share)}`
  );
  const left = identifiers.filter(({ matches }) => matches > 0)
    .map(({ kind, matches }) => `${kind} ${format(matches)}`);
  return question("What is de-identified?", [
    redactions.total === 0
      ? "no ___ in any note"
      : `${format(redactions.total)} ___ in ${
        percent(redactions.notes_with / counts.notes)
      } of the notes, ${format(lengths.redactions.median)} in the median note, one in ${
        short(lengths.raw_words.total / redactions.total)
      } words`,
    ...(kinds.length > 0 ? [`probably: ${kinds.join(", ")}`] : []),
    left.length === 0
      ? "no shape of an identifier is left"
      : `shaped like identifiers: ${left.join(", ")}`,
  ]);
}

function layout({ sections, lines }: Eda): string {
  const names = sections.sections.filter(({ share }) => share >= 0.3).map(({ name }) => name);
  const shape = {
    mimic: "MIMIC-IV-Note's layout",
    headed: "headed sections",
    plain: "no common headers",
  };
  return question("What does a note look like?", [
    `${shape[sections.shape]}, ${
      lines.wrapped_at === null ? "not wrapped" : `wrapped at about ${lines.wrapped_at} characters`
    }`,
    ...(names.length > 0 ? [names.join(" → ")] : []),
  ]);
}

const question = (title: string, answers: string[]) =>
  [title, ...answers.map((line) => `  ${line}`)].join("\n");
