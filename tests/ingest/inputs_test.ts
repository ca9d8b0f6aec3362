// What is not a note is not read as one; the text is the text; and what fails says why.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DuckDBInstance } from "@duckdb/node-api";
import { gzipSync } from "node:zlib";
import { join } from "@std/path";
import { InputError } from "../../pipeline/ingest/read/note_source.ts";
import { TestWorkspace } from "./workspace.ts";

const textsOf = async (test: TestWorkspace) => (await test.notes()).map(({ text }) => text);
const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

Deno.test("a folder: what holds no notes is passed over and named", async () => {
  using test = new TestWorkspace();
  const folder = join(test.root, "mix");
  const others: [name: string, content: string | Uint8Array, why: RegExp][] = [
    ["b.doc", latin1("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "\0".repeat(600)), /Office/],
    ["c.jpg", latin1("\xff\xd8\xff\xe0\0\x10JFIF"), /JPEG/],
    ["d.7z", latin1("7z\xbc\xaf\x27\x1c\0\x04"), /7z/],
    ["e.tar.gz", gzipSync(latin1("a.txt" + "\0".repeat(252) + "ustar" + "\0".repeat(250))), /tar/],
    ["f.xml", '<?xml version="1.0"?><a/>', /XML/],
    ["g.arrow", latin1("ARROW1\0\0"), /Arrow/],
    ["h.bin", latin1("\x01\x02\x03\x04\x05\x06".repeat(20)), /not text/],
    ["log.ndjson", '{"exportId": "x", "eventId": "kickoff"}\n', /no column/],
    ["discharge_detail.csv", "note_id,field_name\n1,author\n", /no column/],
    ["_SUCCESS", "", /export leaves/],
    ["wide.txt", latin1("A note.".replaceAll(/./g, "$&\0")), /--encoding utf-16le/],
  ];
  test.write("mix/a.txt", "The only note.");
  for (const [name, content] of others) test.write(`mix/${name}`, content);
  Deno.symlinkSync(join(test.root, "nowhere"), join(folder, "z.txt"));
  Deno.symlinkSync(folder, join(folder, "loop"));
  const { skipped } = await test.ingest(folder);
  assertEquals(await textsOf(test), ["The only note."]);
  for (const [name, , why] of others) {
    assertMatch(skipped.find((one) => one.name === name)?.why ?? "", why, name);
  }
  assertEquals(skipped.length, others.length + 2);
  for (const [name, , why] of others.filter(([name]) => name !== "_SUCCESS")) {
    const error = await assertRejects(() => test.ingest(join(folder, name)), InputError);
    assertMatch(error.message, why, name);
  }
});

Deno.test("links to files and folders are followed", async () => {
  using test = new TestWorkspace();
  test.write("store/deep/2.txt", "Second note.");
  test.write("in/1.txt", "First note.");
  Deno.symlinkSync(join(test.root, "store", "deep"), join(test.root, "in", "more"));
  await test.ingest(join(test.root, "in"));
  assertEquals(await textsOf(test), ["First note.", "Second note."]);
});

Deno.test("a .txt that is a table is read as one, prose with commas is not", async () => {
  using test = new TestWorkspace();
  const table = "id\tpatient_id\ttext\r\n1\tp1\tOne\r\n2\tp2\tTwo\r\n";
  const utf16 = new Uint16Array([0xfeff, ...Array.from(table, (char) => char.charCodeAt(0))]);
  await test.ingest(test.write("excel.txt", new Uint8Array(utf16.buffer)));
  assertEquals(await textsOf(test), ["One", "Two"]);
  const prose = "Note, text, report\nSeen today, feels well\nthe rest is long and has no comma\n";
  await test.ingest(test.write("prose.txt", prose));
  assertEquals(await textsOf(test), [prose]);
});

Deno.test("FHIR: withdrawn and preliminary documents, a Binary beside the export", async () => {
  using test = new TestWorkspace();
  const document = (id: string, more: object) => ({
    resourceType: "DocumentReference",
    id,
    subject: { reference: "Patient/1" },
    content: [{ attachment: { contentType: "text/plain", data: btoa(`Text of ${id}`) } }],
    ...more,
  });
  const refers = (id: string, url: string) =>
    document(id, { content: [{ attachment: { contentType: "text/plain", url } }] });
  const lines = (objects: object[]) => objects.map((one) => JSON.stringify(one)).join("\n");
  test.write(
    "exp/DocumentReference.ndjson",
    lines([
      document("1", { status: "current" }),
      document("2", { status: "entered-in-error" }),
      document("3", { status: "superseded" }),
      document("4", { status: "current", docStatus: "preliminary" }),
      refers("5", "Binary/abc"),
      refers("6", "https://ehr.example/fhir/Binary/def/_history/1"),
      refers("7", "Binary/none"),
    ]),
  );
  test.write(
    "exp/Binary.ndjson",
    lines([
      { resourceType: "Binary", id: "abc", contentType: "text/plain", data: btoa("Text of abc") },
      { resourceType: "Binary", id: "def", contentType: "text/plain", data: btoa("Text of def") },
    ]),
  );
  const report = await test.ingest(join(test.root, "exp"));
  assertEquals(await textsOf(test), ["Text of 1", "Text of abc", "Text of def"]);
  assertEquals(report.rejected_by_reason, {
    "status entered-in-error": 1,
    "status superseded": 1,
    "status preliminary": 1,
    "attachment missing": 1,
  });
  await test.ingest(join(test.root, "exp"), { preliminary: true });
  assertEquals((await textsOf(test)).length, 4);
});

Deno.test("one JSON document of any shape, object by object", async () => {
  using test = new TestWorkspace();
  const notes = Array.from({ length: 600 }, (_, i) => ({
    id: `${i}`,
    meta: { list: [1, [2, "]}"]] },
    text: `Note ${i}: "quoted", {braces} [and] \\ more\n`.repeat(1 + i % 90),
  }));
  for (const [indent, gap] of [[0, ""], [2, "\n"], [1, "  \n\n"]] as const) {
    const content = gap + JSON.stringify(notes, null, indent) + gap;
    assert(indent === 0 || content.length > 1 << 20, "longer than a chunk");
    await test.ingest(test.write("a.json", content));
    assertEquals(await textsOf(test), notes.map(({ text }) => text));
  }
  const cut = test.write("cut.json", JSON.stringify(notes).slice(0, -5));
  await assertRejects(() => test.ingest(cut), InputError, "ends before it is complete");
  const odd = test.write("odd.json", '[{"text": "One"}, 5, "x", {"text": "Two"}, {"text": 7}]');
  assertEquals((await test.ingest(odd)).rejected_by_reason, { "malformed row": 3 });
  assertEquals(await textsOf(test), ["One", "Two"]);
});

Deno.test("JSONL: NaN, a long first line, keys that come late", async () => {
  using test = new TestWorkspace();
  const long = "long ".repeat(80_000);
  const rows = [
    `{"id": "1", "text": ${JSON.stringify(long)}, "x": NaN}`,
    '{"id": "2", "text": "says NaN, \\"Infinity\\"", "x": [-Infinity]}',
    '{"id": "3", "patient_id": "p", "text": "Late key"}',
  ];
  await test.ingest(test.write("a.jsonl", rows.join("\n")));
  assertEquals(
    (await test.notes()).map(({ subject_id, text }) => [subject_id, text]),
    [["1", long], ["2", 'says NaN, "Infinity"'], ["p", "Late key"]],
  );
});

Deno.test("no error shows what a row says", async () => {
  using test = new TestWorkspace();
  const secret = "Jane Roe, DOB 1950-01-01, was seen for chest pain";
  const inputs = [
    `0,P0,DS,"${secret} 0."\n1,P1,DS,"${secret} 1."\n`,
    `0,P0,DS,"${secret}\non two lines."\n`,
    `Jane Roe seen.;x\nb;c\n`,
    `0,"${"very ".repeat(30)}${secret}",text\n`,
  ];
  for (const content of inputs) {
    for (const columns of [{}, { text: "body" }]) {
      const path = test.write("in.csv", content);
      const error = await assertRejects(() => test.ingest(path, { columns }), InputError);
      assert(!/Jane|Roe|pain/.test(error.message), error.message);
      assertMatch(error.message, /first row looks like data/);
    }
  }
});

async function parquet(test: TestWorkspace, name: string, select: string): Promise<string> {
  const path = join(test.root, name);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const quoted = path.replaceAll("'", "''");
  await connection.run(`COPY (${select}) TO '${quoted}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

Deno.test("Parquet: binary text, lists, structs, floating-point ids, names with patterns", async () => {
  using test = new TestWorkspace();
  const text = 'Café\nsecond "line" \\ end';
  const blob = await parquet(test, "blob.parquet", `SELECT encode('${text}') AS text, '' AS id`);
  await test.ingest(blob);
  assertEquals(await textsOf(test), [text]);
  await test.ingest(await parquet(test, "list.parquet", "SELECT ['one', 'two'] AS text"));
  assertEquals(await textsOf(test), ["one\ntwo"]);
  const struct = await parquet(test, "struct.parquet", "SELECT {'plain': 'secret'} AS text");
  const error = await assertRejects(() => test.ingest(struct), InputError, "expected text");
  assert(!error.message.includes("secret"));
  await test.ingest(
    await parquet(test, "[1]*?.parquet", "SELECT 'One' AS text, 22595853.0::DOUBLE AS patient_id"),
  );
  assertEquals((await test.notes())[0].subject_id, "22595853");
});

Deno.test("encodings: named, or a warning with the likely one", async () => {
  using test = new TestWorkspace();
  const japanese = latin1("\x93\xfa\x96{\x8c\xea\x82\xcc\x83e\x83L\x83X\x83g\x82\xc5\x82\xb7");
  const table = new Uint8Array([...latin1("id,text\n1,"), ...japanese, 10]);
  const path = test.write("sjis.csv", table);
  const report = await test.ingest(path);
  assertEquals(report.likely_encoding, "shift_jis");
  await test.ingest(path, { encoding: "shift_jis" });
  assertEquals(await textsOf(test), ["日本語のテキストです"]);
  const western = latin1(
    "id;text\n1;Le patient a \xe9t\xe9 vu \xe0 l'h\xf4pital, tr\xe8s fatigu\xe9\n",
  );
  assertEquals((await test.ingest(test.write("fr.csv", western))).likely_encoding, null);
});

Deno.test("stray bytes behind gzip are passed over and said", async () => {
  using test = new TestWorkspace();
  const packed = gzipSync("id,text\n1,One\n2,Two\n");
  for (const stray of ["\n", "stray bytes", "\0".repeat(600)]) {
    const path = test.write("a.csv.gz", new Uint8Array([...packed, ...packed, ...latin1(stray)]));
    await test.ingest(path);
    assertEquals(await textsOf(test), ["One", "Two", "text"], JSON.stringify(stray));
  }
  const report = await test.ingest(
    test.write("b.csv.gz", new Uint8Array([...packed, ...latin1("stray")])),
  );
  assertEquals(report.inputs[0].trailing_bytes, 5);
});

Deno.test("two ingests at once in one workspace: the second is refused", async () => {
  using test = new TestWorkspace();
  const path = test.write("a.csv", "id,text\n1,One\n");
  const results = await Promise.allSettled([test.ingest(path), test.ingest(path)]);
  assertEquals(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const failed = results.find((result) => result.status === "rejected")!;
  assertMatch(String(failed.reason), /another ingest is at work/);
});
