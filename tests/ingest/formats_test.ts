import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { detectFormat } from "../../pipeline/ingest/read/detect.ts";
import { MIMIC_HEADER, mimicRow, TestWorkspace } from "./workspace.ts";

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const textsOf = async (test: TestWorkspace) => (await test.notes()).map((note) => note.text);

Deno.test("formats are told by content", () => {
  const cases: [content: string, name: string, format: string][] = [
    [MIMIC_HEADER + "\n", "anything.bin", "mimic"],
    [mimicRow(10, 1, "x"), "000000000003", "mimic"],
    ["id,text\n1,x\n", "a.csv", "csv"],
    ["id\ttext\n1\tx\n", "export", "csv"],
    ['{"id": 1, "text": "x"}\n', "a.txt", "jsonl"],
    ['[{"id": 1, "text": "x"}]', "a", "jsonl"],
    ['{"resourceType": "DocumentReference"}\n', "a.ndjson", "fhir"],
    ['{\n "resourceType" : "Bundle"}\n', "a.json", "fhir"],
    ["Admission note, 3 pm\nThe patient ...", "a.txt", "text"],
    ["The patient was seen today.\n", "note", "text"],
  ];
  for (const [content, name, format] of cases) {
    assertEquals(detectFormat(name, new TextEncoder().encode(content)), format, name);
  }
});

Deno.test("MIMIC gz, plain and headerless shards give the same notes", async () => {
  const rows = [1, 2, 3].map((n) => mimicRow(n, 1, `Note ${n}\nof patient ${n}.`)).join("");
  const encoder = new TextEncoder();
  const inputs: [string, Uint8Array][] = [
    ["discharge.csv", encoder.encode(`${MIMIC_HEADER}\n${rows}`)],
    ["discharge.csv.gz", gzipSync(`${MIMIC_HEADER}\n${rows}`)],
    ["000000000000", encoder.encode(rows)],
    ["two_members.gz", new Uint8Array([...gzipSync(`${MIMIC_HEADER}\n`), ...gzipSync(rows)])],
  ];
  for (const [name, content] of inputs) {
    using test = new TestWorkspace();
    await test.ingest(test.write(name, content));
    const [first] = await test.notes();
    assertEquals(first, {
      note_id: "1-DS-1",
      subject_id: "1",
      hadm_id: "20000001",
      note_type: "DS",
      note_seq: 1,
      charttime: "2150-01-02 00:00:00",
      storetime: null,
      text: "Note 1\nof patient 1.",
      split: first.split,
      source: name,
      context: null,
    }, name);
    assertEquals((await test.notes()).length, 3);
  }
});

Deno.test("tables: other delimiters, other names, a mark or UTF-16 at the start", async () => {
  const table = 'Report ID;Patient ID;Report Text\n7;p1;"One;\ntwo"\n8;p2;Three\n';
  const utf16 = new Uint8Array(
    new Uint16Array([0xfeff, ...Array.from(table, (c) => c.charCodeAt(0))]).buffer,
  );
  for (
    const content of [
      new TextEncoder().encode(table),
      new TextEncoder().encode("\ufeff" + table),
      utf16,
    ]
  ) {
    using test = new TestWorkspace();
    const report = await test.ingest(test.write("export.csv", content));
    const notes = await test.notes();
    assertEquals(notes.map(({ note_id, subject_id, text }) => [note_id, subject_id, text]), [
      ["7", "p1", "One;\ntwo"],
      ["8", "p2", "Three"],
    ]);
    assertEquals(report.inputs[0].columns, {
      note_id: "Report ID",
      subject_id: "Patient ID",
      text: "Report Text",
    });
  }
});

Deno.test("JSON lines: a bad line costs that line", async () => {
  using test = new TestWorkspace();
  const report = await test.ingest(test.write(
    "notes.jsonl",
    '{"id": 5, "patient_id": 9, "text": "One\\ntwo"}\n{"id": 6, "text":\n\n{"id": 7, "text": ["a"]}\n{"id": 8, "text": "Three"}',
  ));
  assertEquals(await textsOf(test), ["One\ntwo", "Three"]);
  assertEquals(report.rejected_by_reason, { "malformed row": 2 });
  assertEquals(test.rejects().map(({ row }) => row), [2, 4]);
});

Deno.test("a folder of text files: one note each, named by its path", async () => {
  using test = new TestWorkspace();
  test.write("corpus/b/2.txt", "Second note.");
  test.write("corpus/a.txt", "First note,\nwith a comma.");
  test.write("corpus/.hidden", "Not a note.");
  const report = await test.ingest(`${test.root}/corpus`);
  const notes = await test.notes();
  assertEquals(notes.map(({ note_id, subject_id, source }) => [note_id, subject_id, source]), [
    ["a", "a", "a.txt"],
    ["b/2", "b/2", "b/2.txt"],
  ]);
  assertEquals(report.notes_without_patient, 2);
});

Deno.test("Parquet in, by name of column", async () => {
  using first = new TestWorkspace();
  await first.ingest(first.write("a.csv", "id,patient,text\n1,p,One\n2,q,Two\n"));
  using second = new TestWorkspace();
  const report = await second.ingest(first.paths.notes);
  assertEquals(
    await second.notes(),
    (await first.notes()).map((note) => ({ ...note, source: "notes.parquet" })),
  );
  assertEquals(report.inputs[0].format, "parquet");
  assertMatch(report.inputs[0].sha256!, /^[0-9a-f]{64}$/);
  assertMatch(report.software.duckdb!, /^v\d/);
});

Deno.test("every format is the same packed, also where it is unpacked in many pieces", async () => {
  const text = (n: number) => `Note ${n}: “38.5°”\n`.repeat(1500);
  const notes = Array.from({ length: 20 }, (_, n) => ({ id: `n${n}`, text: text(n) }));
  const resources = notes.map(({ id, text }) => ({
    resourceType: "DocumentReference",
    id,
    content: [{ attachment: { contentType: "text/plain", data: base64(text) } }],
  }));
  const bundle = { resourceType: "Bundle", entry: resources.map((resource) => ({ resource })) };
  const lines = (objects: unknown[]) => objects.map((one) => JSON.stringify(one) + "\n").join("");
  const files: [name: string, content: string, notes: number][] = [
    ["a.csv", "id,text\n" + notes.map(({ id, text }) => `${id},"${text}"\n`).join(""), 20],
    ["a.jsonl", lines(notes), 20],
    ["a.json", JSON.stringify(notes), 20],
    ["a.ndjson", lines(resources), 20],
    ["bundle.json", JSON.stringify(bundle, null, 1), 20],
    ["a.txt", notes.map(({ text }) => text).join(""), 1],
  ];
  for (const [name, content, count] of files) {
    using test = new TestWorkspace();
    const options = { nearDuplicates: 0 };
    await test.ingest(test.write(name, content), options);
    const plain = await textsOf(test);
    assertEquals(plain.length, count, name);
    await test.ingest(test.write(`${name}.gz`, gzipSync(content)), options);
    const packed = await textsOf(test);
    assert(packed.every((text, n) => text === plain[n]) && packed.length === count, name);
  }
});

const documentReference = (id: string, attachment: unknown) => ({
  resourceType: "DocumentReference",
  id,
  subject: { reference: "Patient/p7" },
  date: "2024-05-01T10:00:00Z",
  type: { coding: [{ code: "18842-5", display: "Discharge summary" }] },
  context: { encounter: [{ reference: "Encounter/e3" }] },
  content: [{ attachment }],
});

Deno.test("FHIR: attachments of NDJSON resources, with what cannot be read named", async () => {
  using test = new TestWorkspace();
  const plain = { contentType: "text/plain; charset=utf-8", data: base64("Fever of 38.5°.\n") };
  const lines = [
    JSON.stringify(documentReference("d1", plain)),
    JSON.stringify({ resourceType: "Patient", id: "p7" }),
    JSON.stringify(documentReference("d2", { contentType: "text/html", data: base64("<p>x</p>") })),
    JSON.stringify(
      documentReference("d3", { contentType: "application/rtf", data: base64("{\\rtf}") }),
    ),
    JSON.stringify(documentReference("d4", { contentType: "text/plain", url: "Binary/9" })),
    JSON.stringify(documentReference("d5", { contentType: "text/plain", data: "%%%" })),
    "{not json",
    JSON.stringify({
      resourceType: "DiagnosticReport",
      id: "r1",
      subject: { reference: "urn:uuid:abc" },
      code: { text: "Chest X-ray" },
      issued: "2024-05-02T00:00:00Z",
      presentedForm: [plain, { contentType: "text/plain", data: base64("Second form.") }],
    }),
  ];
  const report = await test.ingest(test.write("export.ndjson", lines.join("\n")));
  const notes = await test.notes();
  assertEquals(
    notes.map((
      { note_id, subject_id, hadm_id, note_type, charttime, text },
    ) => [note_id, subject_id, hadm_id, note_type, charttime, text]),
    [
      ["d1", "p7", "e3", "Discharge summary", "2024-05-01T10:00:00Z", "Fever of 38.5°.\n"],
      ["r1#1", "abc", null, "Chest X-ray", null, "Fever of 38.5°.\n"],
      ["r1#2", "abc", null, "Chest X-ray", null, "Second form."],
    ],
  );
  assertEquals(report.rejected_by_reason, {
    "no note": 1,
    "attachment is not plain text": 2,
    "attachment missing": 1,
    "malformed row": 2,
  });
});

Deno.test("FHIR: a Bundle, on one line or many", async () => {
  const attachment = { contentType: "text/plain", data: base64("In a bundle.") };
  const bundle = {
    resourceType: "Bundle",
    entry: [{ resource: documentReference("d1", attachment) }],
  };
  for (const indent of [0, 2]) {
    using test = new TestWorkspace();
    await test.ingest(test.write("bundle.json", JSON.stringify(bundle, null, indent)));
    assertEquals(await textsOf(test), ["In a bundle."]);
  }
});
