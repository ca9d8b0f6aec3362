import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { dirname, fromFileUrl, join } from "@std/path";
import { InputError } from "../../pipeline/ingest/read/note_source.ts";
import { Interrupted } from "../../pipeline/lib/base/cli.ts";
import type { Split } from "../../pipeline/artifacts.ts";
import { MIMIC_HEADER, mimicRow, TestWorkspace } from "./workspace.ts";

const root = join(dirname(fromFileUrl(import.meta.url)), "..", "..");

/** Three notes of each patient, in an order that has nothing to do with the patient. */
function corpus(patients: number): string {
  const rows = [1, 2, 3].flatMap((sequence) =>
    Array.from(
      { length: patients },
      (_, patient) =>
        mimicRow(10_000 + patient, sequence, `Visit ${sequence} of patient ${patient}.\nStable.`),
    )
  );
  return `${MIMIC_HEADER}\n${rows.join("")}`;
}

Deno.test("no patient crosses a split, and adding data moves nobody", async () => {
  using test = new TestWorkspace();
  await test.ingest(test.write("a.csv", corpus(400)));
  const splitsOf = async () => {
    const splits = new Map<string, Set<Split>>();
    for (const { subject_id, split } of await test.notes()) {
      splits.set(subject_id, (splits.get(subject_id) ?? new Set()).add(split));
    }
    return splits;
  };
  const before = await splitsOf();
  assertEquals(before.size, 400);
  for (const [patient, splits] of before) assertEquals(splits.size, 1, `patient ${patient}`);
  assertEquals(new Set([...before.values()].flatMap((splits) => [...splits])).size, 3);

  const more = `${MIMIC_HEADER}\n` + mimicRow(9, 1, "A patient that was not there before.");
  await test.ingest([test.write("b.csv", more), join(test.root, "a.csv")]);
  const after = await splitsOf();
  assertEquals(after.size, 401);
  for (const [patient, splits] of before) assertEquals(after.get(patient), splits);
});

Deno.test("without patient ids each note is its own patient, and the report says so", async () => {
  using test = new TestWorkspace();
  const report = await test.ingest(test.write("a.csv", "id,text\n1,First note.\n2,Second note.\n"));
  assertEquals(report.notes_without_patient, 2);
  assertEquals((await test.notes()).map((note) => note.subject_id), ["1", "2"]);
});

Deno.test("without note ids the id comes from the text and does not depend on the file", async () => {
  using test = new TestWorkspace();
  const ids = async (csv: string) => {
    await test.ingest(test.write("a.csv", csv));
    return (await test.notes()).map((note) => note.note_id);
  };
  const [first, second] = await ids("text\nFirst note.\nSecond note.\n");
  assertEquals(await ids("text\nSecond note.\nFirst note.\n"), [second, first]);
  assertEquals(first, createHash("sha256").update("First note.").digest("hex").slice(0, 16));
});

Deno.test("duplicates, empty and absurd notes are dropped, each with its reason", async () => {
  using test = new TestWorkspace();
  const long = Array.from({ length: 300 }, (_, n) => `word${n * 7919 % 1009}`);
  const rows = [
    ["1", "Kept, and long enough."],
    ["2", "Kept, and long enough."],
    ["1", "Another text under an id that is taken."],
    ["3", " \n "],
    ["4", "short"],
    ["5", "x".repeat(5000)],
    ["6", long.join(" ")],
    ["7", long.toSpliced(150, 1, "changed").join(" ")],
  ];
  const csv = "id,text\n" + rows.map(([id, text]) => `${id},"${text}"\n`).join("");
  const report = await test.ingest(test.write("a.csv", csv), {
    minChars: 10,
    maxChars: 4000,
    nearDuplicates: 0.9,
  });
  assertEquals(report.notes, { read: 8, kept: 2, rejected: 6 });
  assertEquals(report.rejected_by_reason, {
    "exact duplicate": 1,
    "id used twice": 1,
    "empty text": 1,
    "too short": 1,
    "too long": 1,
    "near duplicate": 1,
  });
  assertEquals(
    test.rejects().map(({ row, reason }) => [row, reason])[0],
    [2, "exact duplicate"],
  );
  assertStringIncludes(test.rejects().at(-1)!.detail, "like 6");
  for (const { detail } of test.rejects()) assert(!detail.includes("word1"), "no text in rejects");
});

Deno.test("notes of any length: longer than a page, many pages, more than a row group", async () => {
  using test = new TestWorkspace();
  const lengths = [3_000_000, 10, 1_048_572, 1_048_573, 2_000_000, ...new Array(2100).fill(3000)];
  const texts = lengths.map((length, n) => `${n} `.padEnd(length, "word "));
  const csv = "id,text\n" + texts.map((text, n) => `${n},"${text}"\n`).join("");
  await test.ingest(test.write("a.csv", csv), { maxChars: 4_000_000 });
  const read = await test.notes();
  assertEquals(read.length, texts.length);
  texts.forEach((text, n) => assert(read[n].text === text, `note ${n} is not what was written`));
});

Deno.test("a sequence number that no column of 32 bits holds is counted instead", async () => {
  using test = new TestWorkspace();
  const given = ["7", "3000000000", "-2147483648", "2147483648", "1.5", ""];
  const rows = given.map((number, n) => `${n},1,${number},Note number ${n}.\n`);
  await test.ingest(test.write("a.csv", "id,patient,sequence,text\n" + rows.join("")));
  const read = await test.notes();
  assertEquals(read.map(({ note_seq }) => note_seq), [7, 2, -(2 ** 31), 4, 5, 6]);
});

Deno.test("ingest.json records inputs, columns, counts and repairs", async () => {
  using test = new TestWorkspace();
  const csv = 'key,body\n1,One\r\n2,"Two\0"\n3,\n';
  const path = test.write("a.csv", csv);
  const report = await test.ingest(path, { columns: { text: "body", id: "key" } });
  assertEquals(JSON.parse(Deno.readTextFileSync(test.paths.ingestReport)), report);
  const [input] = report.inputs;
  assertEquals(input.sha256, createHash("sha256").update(csv).digest("hex"));
  assertEquals(input.columns, { note_id: "key", text: "body" });
  assertEquals([input.read, input.kept, input.rejected], [3, 2, 1]);
  assertEquals(report.repairs.control.notes, 1);
  assertEquals(report.software.duckdb, null, "no Parquet file to read");
  assertEquals(Object.values(report.splits).reduce((sum, { notes }) => sum + notes, 0), 2);
});

Deno.test("--clean original leaves lower-case letters, digits and spaces", async () => {
  using test = new TestWorkspace();
  await test.ingest(test.write("a.csv", 'id,text\n1,"Pt. is ___ y/o:\nHgb-11.9*"\n'), {
    clean: "original",
  });
  assertEquals((await test.notes())[0].text, "pt is y o hgb 11 9");
  const report = await test.ingest(test.write("b.csv", 'id,text\n1,"___ --"\n2,kept\n'), {
    clean: "original",
  });
  assertEquals(report.rejected_by_reason, { "empty text": 1 });
});

Deno.test("what cannot be read is an InputError that says what to do", async () => {
  using test = new TestWorkspace();
  const cases: [
    inputs: string,
    options: Parameters<TestWorkspace["ingest"]>[1],
    message: string,
  ][] = [
    ["nowhere.csv", {}, "no such file or folder"],
    [
      test.write("a.csv", "id,body_text\n1,x\n"),
      { columns: { text: "body" } },
      '"id", "body_text"',
    ],
    [test.write("b.csv", "id,score\n1,2\n"), {}, "name it with --text COL"],
    [test.write("c.csv", "id,text\n"), {}, "there is not one note in it"],
    [test.write("d.csv", "id,text\n1,\n2, \n"), {}, "every note was rejected (empty text: 2)"],
    [test.write("e.zip", "PK\x03\x04rest"), {}, "zip archive"],
    [test.write("f.csv", "id,text\n1,x\n"), { format: "parquet" }, "does not start with PAR1"],
    [
      test.write("g.csv.gz", new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2])),
      {},
      "damaged",
    ],
    [test.write("h", ""), {}, "the file is empty"],
  ];
  for (const [input, options, message] of cases) {
    const error = await assertRejects(() => test.ingest(input, options), InputError);
    assertStringIncludes(error.message, message, input);
    assertEquals(error.message.includes("\n"), false);
  }
});

Deno.test("a run that fails, is interrupted or killed leaves the previous notes", async () => {
  using test = new TestWorkspace();
  await test.ingest(test.write("a.csv", corpus(50)));
  const before = Deno.readFileSync(test.paths.notes);
  const unchanged = () => assertEquals(Deno.readFileSync(test.paths.notes), before);

  await assertRejects(() => test.ingest([join(test.root, "a.csv"), test.write("b", "")]));
  unchanged();

  const controller = new AbortController();
  controller.abort();
  await assertRejects(
    () => test.ingest(join(test.root, "a.csv"), {}, controller.signal),
    Interrupted,
  );
  unchanged();

  const large = test.write("large.csv", corpus(60_000));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "pipeline/ingest/main.ts", large, "--data", test.paths.root],
    cwd: root,
    stdout: "null",
    stderr: "null",
  }).spawn();
  const folder = dirname(test.paths.notes);
  const half = () => [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".tmp"));
  while (half().length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill("SIGKILL");
  assertEquals((await child.status).signal, "SIGKILL");
  unchanged();

  await test.ingest(join(test.root, "a.csv"));
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
    "ingest.json",
    "ingest.lock",
    "notes.parquet",
    "rejects.jsonl",
  ]);
});

Deno.test("the task ends with 1 and one line on bad input, with 2 on bad usage", async () => {
  using test = new TestWorkspace();
  const run = async (...args: string[]) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "pipeline/ingest/main.ts", "--data", test.paths.root, ...args],
      cwd: root,
    }).output();
    return [code, new TextDecoder().decode(stderr).trim().split("\n")] as const;
  };
  assertEquals(await run("nowhere.csv"), [1, [
    "error: Cannot ingest nowhere.csv: no such file or folder",
  ]]);
  assertEquals((await run())[0], 2);
  assertEquals((await run("x", "--format", "xml"))[0], 2);
});
