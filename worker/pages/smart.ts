/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * The SMART on FHIR page: launched by the EHR in a frame, it opens the user's draft discharge
 * summary, completes in it, and saves it as preliminary or hands it back by SMART Web Messaging.
 */

import { attach } from "../plugin/mod.ts";
import { Chart } from "./chart.ts";
import { connect } from "./connect.ts";
import { DraftEditor, notice, say } from "./draft_editor.ts";
import { type Found, readRecord } from "./record.ts";
import type { Resource } from "./fhir.ts";
import { UnsavedText } from "./unsaved.ts";
import { handBack, type Messaging } from "./web_messaging.ts";

const byId = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;

async function start(): Promise<void> {
  const { fhir, launch, getToken, messaging, scope } = await connect();
  const chart = new Chart(fhir, launch);
  const [patient, { draft, notices }] = await Promise.all([
    fhir.read(`Patient/${launch.patient}`),
    chart.open(),
  ]);
  byId("patient").textContent = nameOf(patient);
  notices.forEach(notice);
  const { patient: whose, encounter, user } = launch;
  const unsaved = new UnsavedText([fhir.base, whose, encounter, user].join("|"));
  const editor = new DraftEditor(chart, draft, unsaved);
  const record = readRecord(fhir, { patient: whose, encounter, scope }, showFound);
  attach(editor.field, {
    endpoint: location.origin,
    getToken,
    patient: [fhir.base, whose].join("|"),
    context: () => record,
  });
  if (messaging) offerHandBack(messaging, editor);
  editor.field.focus();
}

/** Tells how reading a part of the record goes. */
function showFound({ name, count, reason }: Found): void {
  byId("record").hidden = false;
  const list = byId("found");
  let line = [...list.children].find((child) => (child as HTMLElement).dataset.name === name);
  if (line === undefined) {
    line = document.createElement("li");
    (line as HTMLElement).dataset.name = name;
    list.append(line);
  }
  line.textContent = `${name}: ${reason ?? count ?? "reading …"}`;
}

function nameOf({ name: names }: Resource): string {
  const [name] = names ?? [];
  return name?.text ?? [name?.given?.join(" "), name?.family].filter(Boolean).join(" ");
}

function offerHandBack(messaging: Messaging, editor: DraftEditor): void {
  const button = byId<HTMLButtonElement>("hand-back");
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await handBack(messaging, editor.note, () => editor.handedBack());
      say("Handed back.");
    } catch (error) {
      say(`Not handed back: ${(error as Error).message}. The text stays here.`);
    } finally {
      button.disabled = false;
    }
  });
}

start().catch((error) => {
  byId("patient").textContent = "No chart";
  say(`Cannot open the chart: ${error.message}`);
});
