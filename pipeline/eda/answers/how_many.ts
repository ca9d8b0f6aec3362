import { format } from "../../lib/base/cli.ts";
import {
  type Content,
  facts,
  figure,
  html,
  notice,
  share,
  table,
} from "../../lib/base/page/html.ts";
import { perPatientChart, yearChart } from "../charts.ts";
import type { Counts } from "../notes_table.ts";
import { type Answer, type DrawChart, short } from "./answer.ts";

/** Number of notes, and of whom, of which kind and from when. */
export const howMany: Answer = async ({ counts }, draw) => {
  const perPatient = counts.notes / counts.patients;
  const known = counts.notes - counts.notes_without_patient;
  const lead = known === 0
    ? `${
      format(counts.notes)
    } notes. The source names no patients, so each note counts as a patient of its own.`
    : `${format(counts.notes)} notes of ${format(counts.patients)} patients: ${
      short(perPatient)
    } a patient.`;
  const most = counts.notes_per_patient.at(-1)!.notes;
  return {
    id: "how-many",
    title: "How many notes?",
    lead,
    body: [
      facts([
        ["notes", format(counts.notes)],
        ["patients", known === 0 ? "not named" : format(counts.patients)],
        ["most notes of one patient", format(most)],
        ["admissions", counts.admissions === 0 ? "not named" : format(counts.admissions)],
        ["notes without an admission", format(counts.notes_without_admission)],
        ["notes without a time of storing", format(counts.notes_without_storetime)],
      ]),
      counts.notes_without_patient > 0 && known > 0
        ? notice(
          `${
            format(counts.notes_without_patient)
          } notes have the same id as their patient: where the source names none, each note is a patient of its own.`,
        )
        : "",
      html`<div class="columns">${
        table({
          caption: "Type",
          columns: ["type", "notes", { title: "share", align: "left" }],
          rows: counts.by_type.slice(0, 12).map(({ type, notes }) => [
            type,
            format(notes),
            share(notes / counts.notes),
          ]),
        })
      }${
        table({
          caption: "Split, by patient",
          columns: ["split", "notes", "patients", { title: "share of notes", align: "left" }],
          rows: counts.by_split.map(({ split, notes, patients }) => [
            split,
            format(notes),
            format(patients),
            share(notes / counts.notes),
          ]),
        })
      }</div>`,
      html`<div class="columns">${await patientChart(counts, draw)}${await chartByYear(
        counts,
        draw,
      )}</div>`,
    ],
  };
};

async function patientChart(
  { notes_per_patient: rows }: Counts,
  draw: DrawChart,
): Promise<Content> {
  if (rows.at(-1)!.notes === 1) return "";
  const chart = await draw(
    "per_patient",
    perPatientChart(rows),
    "Patients by their number of notes",
  );
  return figure(chart.inline, "How many notes a patient has.");
}

async function chartByYear({ by_year: years }: Counts, draw: DrawChart): Promise<Content> {
  if (years.length < 2) return "";
  const chart = await draw(
    "years",
    yearChart(years),
    `Notes by year of charting, ${years[0].year} to ${years.at(-1)!.year}`,
  );
  return figure(
    chart.inline,
    "Notes by year of charting. Where de-identification shifts each patient's dates, the year does not say when a note was written.",
  );
}
