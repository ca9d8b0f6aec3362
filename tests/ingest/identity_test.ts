// Who is who: patients, ids, and which notes are the same.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { HashTable } from "../../pipeline/ingest/identity/hash_table.ts";
import { StringTable } from "../../pipeline/ingest/identity/string_table.ts";
import { idOf } from "../../pipeline/ingest/read/fhir.ts";
import { InputError } from "../../pipeline/ingest/read/note_source.ts";
import { TestWorkspace } from "./workspace.ts";

const lines = (objects: unknown[]) => objects.map((one) => JSON.stringify(one) + "\n").join("");
const data = (text: string) => btoa(text);
const document = (id: string, more: object = {}) => ({
  resourceType: "DocumentReference",
  id,
  status: "current",
  subject: { reference: "Patient/7" },
  content: [{ attachment: { contentType: "text/plain", data: data(`Note ${id}.`) } }],
  ...more,
});

Deno.test("a reference names the same patient however it is written", () => {
  const references: [string, string | null][] = [
    ["Patient/100", "100"],
    ["Patient/100/_history/2", "100"],
    ["https://ehr.example/fhir/Patient/100", "100"],
    ["https://ehr.example/fhir/Patient/100/_history/9", "100"],
    ["urn:uuid:0c3151bd", "0c3151bd"],
    ["#contained", null],
    ["Group/100", null],
    [" Patient/100 ", "100"],
  ];
  for (const [reference, id] of references) assertEquals(idOf({ reference }, "Patient"), id);
  assertEquals(idOf({ identifier: { value: "mrn-1" } }, "Patient"), "mrn-1");
  assertEquals(idOf({ reference: "#p", identifier: { value: "mrn-1" } }, "Patient"), "mrn-1");
});

Deno.test("what stands for a missing value is no patient, and ids are trimmed", async () => {
  using test = new TestWorkspace();
  const missing = ["NULL", "\\N", "nan", "NaN", "NA", "None", "<NA>", " ", "null"];
  const rows = missing.map((value, i) => `${value},${value},Note number ${i}\n`).join("");
  const report = await test.ingest(
    test.write("a.csv", "id,patient_id,text\n" + rows + "x, p1 ,Note a\ny,p1,Note b\n"),
  );
  assertEquals(report.notes.kept, missing.length + 2);
  assertEquals(report.notes_without_patient, missing.length);
  assertEquals(report.patients, missing.length + 1);
});

Deno.test("numbers above 2^53 keep their digits", async () => {
  using test = new TestWorkspace();
  await test.ingest(test.write(
    "a.jsonl",
    '{"id": 9007199254740993, "patient_id": 12345678901234567890, "text": "One"}\n' +
      '{"id": 9007199254740992, "patient_id": 12345678901234567891, "text": "Two"}\n',
  ));
  assertEquals((await test.notes()).map(({ note_id, subject_id }) => [note_id, subject_id]), [
    ["9007199254740993", "12345678901234567890"],
    ["9007199254740992", "12345678901234567891"],
  ]);
});

Deno.test("a document and a report with the same id are two notes", async () => {
  using test = new TestWorkspace();
  const report = {
    resourceType: "DiagnosticReport",
    id: "1",
    status: "final",
    subject: { reference: "Patient/7" },
    presentedForm: [{ contentType: "text/plain", data: data("The report.") }],
  };
  await test.ingest(test.write("a.ndjson", lines([document("1"), report])));
  assertEquals((await test.notes()).map(({ note_id }) => note_id), ["1", "DiagnosticReport/1"]);
});

Deno.test("ids that restart in a second file, and files of the same name, are kept apart", async () => {
  using test = new TestWorkspace();
  const year = (name: string) =>
    test.write(`${name}.csv`, `id,patient_id,text\n1,${name}-p,The year ${name}\n`);
  const report = await test.ingest([year("y1"), year("y2")]);
  assertEquals((await test.notes()).map(({ note_id }) => note_id), ["1", "y2.csv#1"]);
  assertEquals(report.ids_made_unique, 1);

  await test.ingest([test.write("a/1.txt", "First"), test.write("b/1.txt", "Second")]);
  assertEquals((await test.notes()).map(({ note_id, source }) => [note_id, source]), [
    ["a/1", "a/1.txt"],
    ["b/1", "b/1.txt"],
  ]);
});

Deno.test("the lines of one note are joined; without a number for them they are refused", async () => {
  using test = new TestWorkspace();
  const rows = [["1", "1", "first"], ["1", "2", "second"], ["2", "1", "other"]];
  const csv = (columns: string, order = rows) =>
    [columns, ...order.map((row) => row.join(","))].join("\n");
  await test.ingest(test.write("hno.csv", csv("NOTE_ID,LINE,NOTE_TEXT")));
  assertEquals((await test.notes()).map(({ text }) => text), ["first\nsecond", "other"]);

  const path = test.write("named.csv", csv("NOTE_ID,n,NOTE_TEXT"));
  await test.ingest(path, { columns: { line: "n" } });
  assertEquals((await test.notes()).length, 2);

  const unordered = test.write("c.csv", csv("NOTE_ID,LINE,NOTE_TEXT", [rows[0], rows[2], rows[1]]));
  await assertRejects(() => test.ingest(unordered), InputError, "not together or not in order");
  const many = Array.from({ length: 9 }, (_, i) => ["1", "x", `line number ${i}`]);
  const unnumbered = test.write("d.csv", csv("NOTE_ID,other,NOTE_TEXT", many));
  await assertRejects(() => test.ingest(unnumbered), InputError, "--line COL");
});

Deno.test("the same report of different patients is kept, of one patient once", async () => {
  using test = new TestWorkspace();
  const words = Array.from({ length: 150 }, (_, i) => `word${i}`).join(" ");
  const rows = [["a", words], ["b", words], ["a", words], ["b", `${words} more`], ["c", words]];
  const path = test.write(
    "x.csv",
    "patient_id,text\n" + rows.map((row) => row.join(",")).join("\n"),
  );
  const report = await test.ingest(path, { nearDuplicates: 0.9 });
  assertEquals((await test.notes()).map(({ subject_id }) => subject_id), ["a", "b", "c"]);
  assertEquals(report.rejected_by_reason, { "exact duplicate": 1, "near duplicate": 1 });
  assertEquals(report.same_text_other_patients, 2);

  const dropped = await test.ingest(path, { nearDuplicates: 0.9, acrossPatients: true });
  assertEquals(dropped.notes.kept, 1);
});

Deno.test("MIMIC: addenda, ids that disagree, MIMIC-III mixed in", async () => {
  using test = new TestWorkspace();
  const header = "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text\n";
  const four = test.write(
    "discharge.csv",
    header + '1-DS-1,1,2,DS,1,,,"Summary"\n1-AD-2,1,2,AD,2,,,"Addendum"\n1-DS-9,2,2,DS,9,,,"Odd"\n',
  );
  const three = test.write(
    "NOTEEVENTS.csv",
    "ROW_ID,SUBJECT_ID,HADM_ID,CHARTDATE,CHARTTIME,STORETIME,CATEGORY,DESCRIPTION,CGID,ISERROR,TEXT\n" +
      '1,9,8,2101-01-01,,,Nursing,Report,5,,"Fine"\n2,9,8,2101-01-01,,,Nursing,Report,5,1,"Wrong"\n',
  );
  const { mimic, note_types, rejected_by_reason } = await test.ingest([four, three]);
  assertEquals([mimic?.addenda, mimic?.ids_that_disagree, mimic?.mimic3], [1, 1, true]);
  assertMatch(mimic!.warnings.join("\n"), /MIMIC-III and MIMIC-IV are mixed/);
  assertEquals(note_types, { DS: 2, AD: 1, Nursing: 1 });
  assertEquals(rejected_by_reason, { "marked as an error": 1 });
});

Deno.test("the tables hold what was put in, also when they grow", () => {
  const strings = new StringTable(), numbers = new HashTable();
  const name = (i: number) => `id-${i}-é`;
  for (let i = 0; i < 50_000; i++) {
    assertEquals(strings.add(name(i)), i);
    numbers.setIfAbsent(i + 1, i);
  }
  for (let i = 0; i < 50_000; i += 7) {
    assertEquals(strings.find(name(i)), i);
    assertEquals(strings.get(i), name(i));
    assertEquals(numbers.get(i + 1), i);
  }
  assertEquals(strings.find("id-50000-é"), undefined);
  assertEquals(strings.add(""), 50_000);
  assertEquals(strings.find(""), 50_000);
});
