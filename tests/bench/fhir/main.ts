/// <reference lib="dom" />

/**
 * `deno task bench fhir`: the SMART page in a real Chromium against a real FHIR server, HAPI FHIR
 * with its JPA store: launch, create, read, update, conflict, Binary, an answer that is lost, and
 * validation of what was written. Needs Java 17 and Maven, and Maven Central the first time.
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { defineTask, Progress } from "../../../pipeline/lib/base/cli.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import type { Json } from "../../helpers/mock_fhir.ts";
import { inWorld, launch, type World } from "../../helpers/smart_page.ts";
import { type Hapi, startHapi } from "./hapi.ts";
import { validate, type Validation } from "./validate.ts";

export const task = defineTask({
  name: "bench fhir",
  summary: "Opens and saves notes on a HAPI FHIR server through the SMART page; needs Java, Maven.",
  flags: {
    "us-core": {
      type: "string",
      placeholder: "DIR",
      help: "folder of an unpacked US Core package, to validate against its profile",
    },
  },
  examples: ["deno task bench fhir --us-core hl7.fhir.us.core/package"],
  async run({ data, usCore }) {
    let hapi: Hapi | undefined;
    const steps: Record<string, number> = {};
    let validation: Validation[] = [];
    const progress = new Progress("fhir", STEPS, "steps");
    const timed: Timed = async (step, action) => {
      const started = performance.now();
      const result = await action();
      steps[step] = Math.round(performance.now() - started);
      progress.update(Object.keys(steps).length);
      return result;
    };
    try {
      await inWorld(async (world) => {
        hapi = await timed("start the server", () => startHapi(world.ehr.fhir));
        await fillChart(hapi);
        const note = await workInChart(world, hapi, timed);
        validation = await timed("validate", () => validate(hapi!, note, usCore));
      }, { fhir: (request) => firstCreateLost(hapi!, request) });
    } finally {
      await hapi?.stop();
    }
    progress.finish(`${STEPS} steps`);
    const report = { server: hapi!.version, milliseconds: steps, validation };
    await writeJson(join(workspace(data).root, "reports", "bench", "fhir.json"), report);
    console.log(`\n${report.server}: all steps did what they should.`);
    console.table(steps);
    for (const { profile, errors, warnings } of validation) {
      console.log(`${profile}: ${errors.length} errors, ${warnings} warnings`);
      for (const error of errors) console.log(`  ${error}`);
    }
    if (validation.some(({ errors }) => errors.length > 0)) Deno.exitCode = 1;
  },
});

let creations = 0;

/** The server, but the answer to the first creation does not arrive. */
async function firstCreateLost(hapi: Hapi, request: Request): Promise<Response> {
  const answer = await hapi.answer(request);
  const lost = request.method === "POST" && creations++ === 0;
  return lost ? new Response(null, { status: 503 }) : answer;
}

type Timed = <T>(step: string, action: () => Promise<T>) => Promise<T>;
const STEPS = 9;

/** Whom the launch is about. */
async function fillChart(hapi: Hapi): Promise<void> {
  const name = [{ text: "Test Person", family: "Person", given: ["Test"] }];
  const chart: Json[] = [
    { resourceType: "Organization", id: "ward", name: "Ward" },
    { resourceType: "Practitioner", id: "dr1", name: [{ text: "Doctor One" }] },
    { resourceType: "Patient", id: "p1", name, gender: "unknown" },
    {
      resourceType: "Encounter",
      id: "e1",
      status: "in-progress",
      class: { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "IMP" },
      subject: { reference: "Patient/p1" },
      serviceProvider: { reference: "Organization/ward" },
    },
  ];
  for (const resource of chart) {
    await hapi.call("PUT", `${resource.resourceType}/${resource.id}`, resource);
  }
}

const notesOf = async (hapi: Hapi): Promise<Json[]> => {
  const { entry = [] } = await hapi.call("GET", "DocumentReference?patient=p1");
  return entry.map(({ resource }: Json) => resource);
};

const textOf = ({ content }: Json) =>
  new TextDecoder().decode(Uint8Array.fromBase64(content[0].attachment.data));

/** Writes, changes and loses nothing; returns the note as it is in the chart in the end. */
async function workInChart(world: World, hapi: Hapi, timed: Timed): Promise<Json> {
  const current = async (id: string) => await hapi.call("GET", `DocumentReference/${id}`);
  const first = await timed("launch", () => launch(world, world.browser));
  await first.draft.fill("Ménière's disease, 37 °C.");
  await timed("create, answer lost", () => first.save("Not saved: the chart answered 503"));
  await timed("save again", () => first.save());
  const [{ id }, ...more] = await notesOf(hapi);
  assertEquals(more, [], "the save that was repeated has made a second document");
  assertEquals(textOf(await current(id)), "Ménière's disease, 37 °C.");

  await first.draft.fill("Ménière's disease, 37 °C. Stable.");
  await timed("update", async () => {
    await first.save();
    while ((await current(id)).meta.versionId !== "2") await first.page.waitForTimeout(20);
  });

  const second = await timed("launch and read", () => launch(world, world.browser));
  assertEquals(await second.draft.inputValue(), "Ménière's disease, 37 °C. Stable.");
  await first.draft.fill("Ménière's disease. Allergic to penicillin.");
  await first.save();
  while ((await current(id)).meta.versionId !== "3") await first.page.waitForTimeout(20);
  await second.draft.fill("Ménière's disease. Plan.");
  await timed("conflict", () => second.save("Not saved: see below."));
  const theirs = await second.frame.locator("#theirs").innerText();
  assertEquals(theirs, "Ménière's disease. Allergic to penicillin.");
  await second.frame.getByRole("button", { name: "Put it below mine" }).click();
  await second.save();
  const both = "Ménière's disease. Plan.\n\nMénière's disease. Allergic to penicillin.";
  while (textOf(await current(id)) !== both) await first.page.waitForTimeout(20);
  assertEquals((await current(id)).meta.versionId, "4");

  // The text moves into a Binary, as charts of EHRs have it.
  await timed("text in a Binary", async () => {
    const data = btoa("Text of two pages.");
    const binary = await hapi.call("POST", "Binary", {
      resourceType: "Binary",
      contentType: "text/plain",
      data,
    });
    const note = await current(id);
    const attachment = { contentType: "text/plain", url: `Binary/${binary.id}` };
    const pdf = { attachment: { contentType: "application/pdf", data: btoa("%PDF-1.4") } };
    await hapi.call("PUT", `DocumentReference/${id}`, { ...note, content: [{ attachment }, pdf] });
    const third = await launch(world, world.browser);
    assertEquals(await third.draft.inputValue(), "Text of two pages.");
    await third.draft.fill("Text of two pages. More.");
    await third.save();
    const saved = await current(id);
    assertEquals([textOf(saved), saved.content[1]], ["Text of two pages. More.", pdf]);
  });
  assertEquals((await notesOf(hapi)).length, 1, "more than one document");
  const note = await current(id);
  assert(note.category && note.author && note.custodian && note.context.encounter);
  return note;
}
