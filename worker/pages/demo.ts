/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** The note editor at `/`: one field per section of a discharge summary, and live figures. */

import { attach, type Handle, type Stats } from "../plugin/mod.ts";
import { samplePatient } from "./sample_patient.ts";

/** The third is what the sample note has there: written for this page, of nobody. */
const SECTIONS: [name: string, hint: string, sample?: string][] = [
  ["Chief Complaint", "Why the patient came", "Chest pain"],
  [
    "History of Present Illness",
    "What happened, in the order it happened",
    "This is a 62-year-old woman who presents with two days of chest pain. She denies fever, chills ",
  ],
  ["Past Medical History", "Known conditions", "Hypertension\nHyperlipidemia\n"],
  [
    "Physical Exam",
    "Findings on admission",
    "General: Alert, in no acute distress.\nLungs: Clear to ",
  ],
  ["Brief Hospital Course", "What was done, and how it went"],
  ["Discharge Medications", "Name, dose, how often"],
  ["Discharge Instructions", "What the patient is told"],
];

const byId = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const setText = (id: string, text: string) => byId(id).textContent = text;

const known = byId<HTMLInputElement>("known");

const handles: Handle[] = [];
const fields: HTMLTextAreaElement[] = [];
const token = byId<HTMLInputElement>("token");
const bearer = () => token.value || undefined;

function addSection([name, hint]: typeof SECTIONS[number]): void {
  const label = document.createElement("label");
  const title = document.createElement("span");
  const field = document.createElement("textarea");
  title.textContent = name;
  field.placeholder = hint;
  field.rows = 2;
  field.spellcheck = false;
  label.append(title, field);
  byId("sections").append(label);
  fields.push(field);
  field.addEventListener("input", showFigures);
  handles.push(
    attach(field, {
      endpoint: location.origin,
      section: name,
      getToken: bearer,
      // Without the switch nobody's chart is open, and nothing is known.
      patient: () => known.checked ? "demo" : undefined,
      context: () => samplePatient,
      onStats: showFigures,
    }),
  );
}

/** The figures of all fields together. */
function total(): Stats {
  const stats = handles.map((handle) => handle.stats);
  const sum = (pick: (stats: Stats) => number) => stats.map(pick).reduce((a, b) => a + b, 0);
  // The field that was asked for most tells about the endpoint.
  const [busiest] = stats.toSorted((a, b) => b.requests - a.requests);
  return {
    shown: sum(({ shown }) => shown),
    accepted: sum(({ accepted }) => accepted),
    acceptedCharacters: sum(({ acceptedCharacters }) => acceptedCharacters),
    dismissed: sum(({ dismissed }) => dismissed),
    requests: sum(({ requests }) => requests),
    failures: sum(({ failures }) => failures),
    latency: busiest.latency,
  };
}

function showFigures(): void {
  const { shown, accepted, acceptedCharacters, dismissed, failures, latency } = total();
  const characters = fields.reduce((sum, { value }) => sum + value.length, 0);
  const saved = Math.max(0, acceptedCharacters - accepted);
  // Accepted text may have been deleted since.
  const share = characters === 0 ? 0 : Math.min(1, saved / characters);
  setText("saved", String(saved));
  setText("share", `${Math.round(100 * share)} % of the note`);
  byId("bar").style.setProperty("width", `${100 * share}%`);
  setText("shown", String(shown));
  setText("accepted", String(accepted));
  setText("dismissed", String(dismissed));
  const milliseconds = (value: number) => value === 0 ? "–" : `${Math.round(value)} ms`;
  setText("p50", milliseconds(latency.p50));
  setText("p95", milliseconds(latency.p95));
  setText("state", failures === 0 ? "" : `${failures} requests failed; typing goes on without.`);
}

/** The sample patient, as suggestions see him. */
function showSample(): void {
  for (const { source, date, text } of samplePatient) {
    const title = document.createElement("dt"), body = document.createElement("dd");
    title.textContent = date ? `${source}, ${date}` : source!;
    const pre = document.createElement("pre");
    pre.textContent = text;
    body.append(pre);
    byId("sample-patient").append(title, body);
  }
}

async function showModel(): Promise<void> {
  const authorization = bearer();
  const response = await fetch("/model", {
    headers: authorization ? { authorization: `Bearer ${authorization}` } : {},
  });
  byId("credentials").hidden = response.status !== 401 && authorization === undefined;
  if (!response.ok) return;
  const { name, precision, parameters, context_length, card, card_html } = await response.json();
  setText("name", precision ? `${name} (${precision})` : name);
  setText("parameters", parameters?.toLocaleString("en") ?? "–");
  setText("context", context_length ? `${context_length} tokens` : "–");
  // What the card quotes was escaped when the worker was built (host/card.ts).
  if (card_html) byId("card").innerHTML = card_html;
  else setText("card", card ?? "This model has no card.");
}

SECTIONS.forEach(addSection);
showSample();
showFigures();
byId("sample").addEventListener("click", () => {
  for (const [i, [, , sample]] of SECTIONS.entries()) {
    if (sample === undefined || fields[i].value !== "") continue;
    fields[i].value = sample;
    fields[i].dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  fields[1].focus();
});
const on = byId<HTMLInputElement>("on");
on.checked = handles[0].enabled;
on.addEventListener("change", () => {
  for (const handle of handles) handle.enabled = on.checked;
});
token.addEventListener("change", () => void showModel());
byId("open-card").addEventListener("click", (event) => {
  event.preventDefault();
  byId<HTMLDialogElement>("model-card").showModal();
});
await showModel();
