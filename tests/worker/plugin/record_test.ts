import { assert, assertEquals } from "@std/assert";
import { FhirServer } from "../../../worker/pages/fhir.ts";
import { type Found, isGranted, readRecord, recordScopes } from "../../../worker/pages/record.ts";
import type { Json } from "../../helpers/mock_fhir.ts";

const base = "https://ehr.example.org/fhir";
const concept = (text: string) => ({ text });
const status = (code: string) => ({ coding: [{ code }] });
const bundle = (...resources: Json[]) => ({
  resourceType: "Bundle",
  entry: resources.map((resource) => ({ resource })),
});

/** A chart that answers by resource type; a number is a status. */
function chart(answers: Record<string, Json | number | ((query: URLSearchParams) => Json)>) {
  const asked: string[] = [];
  const fhir = new FhirServer(base, () => Promise.resolve("token"), (url) => {
    const { pathname, search, searchParams } = new URL(String(url));
    const type = pathname.split("/")[2];
    asked.push(`${pathname.slice(6)}${decodeURIComponent(search)}`);
    const answer = answers[type] ?? bundle();
    if (typeof answer === "number") return Promise.resolve(new Response(null, { status: answer }));
    return Promise.resolve(
      Response.json(typeof answer === "function" ? answer(searchParams) : answer),
    );
  });
  return { fhir, asked };
}

async function read(answers: Parameters<typeof chart>[0], scope?: string) {
  const { fhir, asked } = chart(answers);
  const found = new Map<string, Found>();
  const items = await readRecord(
    fhir,
    { patient: "p1", encounter: "e1", scope },
    (one) => found.set(one.name, one),
  );
  return { items, asked, found };
}

Deno.test("lists as one line an entry, those that are over left out", async () => {
  const { items, found, asked } = await read({
    Condition: bundle(
      { resourceType: "Condition", code: concept("Gout"), clinicalStatus: status("active") },
      { resourceType: "Condition", code: concept("Pneumonia"), clinicalStatus: status("resolved") },
    ),
    MedicationRequest: bundle(
      {
        resourceType: "MedicationRequest",
        medicationCodeableConcept: concept("Allopurinol"),
        dosageInstruction: [{ text: "100 mg daily" }],
      },
      { resourceType: "MedicationRequest", medicationReference: { reference: "Medication/m1" } },
      { resourceType: "Medication", id: "m1", code: concept("Colchicine") },
    ),
    AllergyIntolerance: bundle({
      resourceType: "AllergyIntolerance",
      code: concept("Penicillin"),
      reaction: [{ manifestation: [concept("hives")] }],
    }),
  });
  const texts = Object.fromEntries(items.map(({ kind, text }) => [kind, text]));
  assertEquals(texts, {
    problems: "Gout",
    medications: "Allopurinol 100 mg daily\nColchicine",
    allergies: "Penicillin: hives",
  });
  assertEquals(found.get("Medications"), { name: "Medications", count: 2 });
  assert(asked.includes("Condition?patient=p1&category=problem-list-item"), asked.join("\n"));
});

Deno.test("results of this stay only, with value and unit, components apart", async () => {
  const observation = (name: string, more: Json) => ({
    resourceType: "Observation",
    status: "final",
    code: concept(name),
    effectiveDateTime: "2026-03-03T08:00:00Z",
    ...more,
  });
  const { items } = await read({
    Observation: (query) =>
      query.get("category") === "laboratory"
        ? bundle(
          observation("Sodium", { valueQuantity: { value: 138, unit: "mmol/L" } }),
          observation("Old", {
            valueString: "x",
            encounter: { reference: "Encounter/e0" },
          }),
        )
        : bundle(observation("Blood pressure", {
          encounter: { reference: "Encounter/e1" },
          component: [
            { code: concept("Systolic"), valueQuantity: { value: 120, unit: "mmHg" } },
            { code: concept("Diastolic"), valueQuantity: { value: 80, unit: "mmHg" } },
          ],
        })),
  });
  assertEquals(items.map(({ text, date }) => [text, date]), [
    ["Sodium: 138 mmol/L", "2026-03-03"],
    ["Systolic: 120 mmHg\nDiastolic: 80 mmHg", "2026-03-03"],
  ]);
});

Deno.test("earlier notes: finished ones, the latest five, by their Binary", async () => {
  const note = (day: number, more: Json = {}) => ({
    resourceType: "DocumentReference",
    status: "current",
    docStatus: "final",
    type: concept("Discharge summary"),
    date: `2026-03-0${day}T10:00:00Z`,
    content: [{ attachment: { contentType: "text/plain", url: `Binary/b${day}` } }],
    ...more,
  });
  const { items, asked } = await read({
    DocumentReference: bundle(
      ...[1, 2, 3, 4, 5, 6, 7].map((day) => note(day)),
      note(8, { docStatus: "preliminary" }),
      note(9, { status: "superseded" }),
    ),
    Binary: () => ({
      resourceType: "Binary",
      contentType: "text/plain",
      data: btoa("She went home."),
    }),
  });
  assertEquals(items.map(({ date }) => date), [
    "2026-03-07",
    "2026-03-06",
    "2026-03-05",
    "2026-03-04",
    "2026-03-03",
  ]);
  assertEquals(items[0], {
    source: "Discharge summary",
    kind: "note",
    date: "2026-03-07",
    text: "She went home.",
  });
  assertEquals(asked.filter((path) => path.startsWith("Binary")).length, 5);
});

Deno.test("what fails costs only itself, and is told", async () => {
  const { items, found } = await read({
    Condition: 500,
    AllergyIntolerance: bundle({ resourceType: "AllergyIntolerance", code: concept("Latex") }),
    DocumentReference: bundle({
      resourceType: "DocumentReference",
      status: "current",
      content: [{ attachment: { contentType: "application/pdf", url: "Binary/x" } }],
    }),
  });
  assertEquals(items.map(({ text }) => text), ["Latex"]);
  assertEquals(found.get("Problems")!.reason, "cannot be read: the chart answered 500");
  assertEquals(
    found.get("Earlier notes")!.reason,
    "cannot be read: none of their texts can be read",
  );
  assertEquals(found.get("Allergies"), { name: "Allergies", count: 1 });
});

Deno.test("only what was granted is asked for", async () => {
  const { asked, found } = await read({}, "launch patient/AllergyIntolerance.rs");
  assertEquals(asked, ["AllergyIntolerance?patient=p1"]);
  assertEquals(found.get("Problems"), { name: "Problems", reason: "not granted" });
  const category = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory";
  const granted: [string | undefined, boolean][] = [
    [undefined, true],
    ["patient/Observation.rs", true],
    ["patient/Observation.read", true],
    ["user/*.*", true],
    [`patient/Observation.rs?category=${category}`, true],
    ["patient/Observation.rs?category=http://x|vital-signs", false],
    ["patient/Observation.r", false],
    ["patient/Condition.rs", false],
  ];
  for (const [scope, expected] of granted) {
    assertEquals(isGranted(scope, "Observation", category), expected, scope);
  }
  assert(recordScopes.every((scope) => /^patient\/\w+\.rs(\?category=\S+\|[a-z-]+)?$/.test(scope)));
});

Deno.test("no more than the worker takes: lists first", async () => {
  const { items } = await read({
    Condition: bundle({ resourceType: "Condition", code: concept("Gout") }),
    DocumentReference: bundle({
      resourceType: "DocumentReference",
      status: "current",
      content: [{
        attachment: { contentType: "text/plain", data: btoa("x".repeat(300_000)) },
      }],
    }),
  });
  const total = items.reduce((sum, { text, source }) => sum + text.length + source!.length, 0);
  assertEquals([items[0].text, total], ["Gout", 200_000]);
});
