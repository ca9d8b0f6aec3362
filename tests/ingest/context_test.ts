import { assertEquals, assertRejects } from "@std/assert";
import { NoContexts, readNoteContexts } from "../../pipeline/artifacts/note_contexts.ts";
import { MIMIC_HEADER, TestWorkspace } from "./workspace.ts";

const conversation = (
  text: string,
) => [{ source: "context", kind: "conversation", date: "", text }];
const read = (context: string | null | undefined) => JSON.parse(context!);

Deno.test("a context stays with its note, from JSONL and from CSV", async () => {
  const lines = [
    { id: "1", text: "First note.", talk: "[doctor] how are you ?\n[patient] fine ." },
    { id: "2", text: "Second note.", talk: null },
    { id: "3", text: "Third note.", talk: [{ kind: "problems", text: "Gout" }] },
  ];
  const jsonl = lines.map((line) => JSON.stringify(line)).join("\n");
  const csv = 'id,text,talk\n1,First note.,"[doctor] how are you ?\n[patient] fine ."\n';
  for (const [name, content] of [["visits.jsonl", jsonl], ["visits.csv", csv]]) {
    using test = new TestWorkspace();
    await test.ingest(test.write(name, content), { columns: { context: "talk" } });
    const notes = await test.notes();
    assertEquals(
      read(notes[0].context),
      conversation("[doctor] how are you ?\n[patient] fine ."),
      name,
    );
    if (name === "visits.csv") continue;
    assertEquals(notes[1].context, null);
    assertEquals(read(notes[2].context), [
      { source: "", kind: "problems", date: "", text: "Gout" },
    ]);
  }
});

Deno.test("a context has the kind that is named, and no column is taken for one", async () => {
  const jsonl = JSON.stringify({ id: "1", text: "A note.", context: "Warfarin 5 mg" });
  using test = new TestWorkspace();
  const path = test.write("notes.jsonl", jsonl);
  await test.ingest(path);
  assertEquals((await test.notes())[0].context, null);
  await test.ingest(path, { columns: { context: "context" }, contextKind: "medications" });
  assertEquals(read((await test.notes())[0].context)[0].kind, "medications");
});

Deno.test("a list that is none costs its row; a column that is not there costs the run", async () => {
  const rows = [
    { id: "1", text: "One.", about: '[{"kind": "nose", "text": "x"}]' },
    { id: "2", text: "Two.", about: '[{"kind": "note", "te' },
    { id: "3", text: "Three.", about: "plain" },
  ];
  using test = new TestWorkspace();
  const path = test.write("notes.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  await test.ingest(path, { columns: { context: "about" } });
  assertEquals((await test.notes()).map(({ note_id }) => note_id), ["3"]);
  assertEquals(test.rejects().map(({ reason }) => reason), [
    "malformed context",
    "malformed context",
  ]);
  await assertRejects(
    () => test.ingest(path, { columns: { context: "talk" } }),
    Error,
    '--context names "talk", but the columns are',
  );
});

Deno.test("earlier notes: the same patient's, before the note, latest last", async () => {
  const row = (patient: string, sequence: number, day: number, text: string) =>
    `${patient}-DS-${sequence},${patient},1,DS,${sequence},2150-01-0${day} 00:00:00,,"${text}"\n`;
  using test = new TestWorkspace();
  const csv = `${MIMIC_HEADER}\n` + row("1", 3, 5, "Third.") + row("1", 1, 1, "First.") +
    row("2", 1, 2, "Somebody else.") + row("1", 2, 3, "Second.");
  await test.ingest(test.write("discharge.csv", csv));
  const { split } = (await test.notes())[0];
  const mine = (await test.notes()).filter((note) => note.split === split);
  const contexts = await readNoteContexts(test.paths, split, "previous", mine.length);
  const texts = mine.map(({ note_id }, at) => [note_id, contexts[at]?.map(({ text }) => text)]);
  assertEquals(Object.fromEntries(texts)["1-DS-3"], ["First.", "Second."]);
  assertEquals(Object.fromEntries(texts)["1-DS-1"], undefined);
  assertEquals(contexts[0]![0], { source: "DS", kind: "note", date: "2150-01-01", text: "First." });
  await assertRejects(
    () => readNoteContexts(test.paths, split, "ingested", mine.length),
    NoContexts,
  );
  await assertRejects(() => readNoteContexts(test.paths, split, "previous", 99), Error, "99 notes");
});
