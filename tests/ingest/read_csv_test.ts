import { assert, assertEquals } from "@std/assert";
import { csvLayout } from "../../pipeline/ingest/read/csv_dialect.ts";
import { emptyRecord, readRecord } from "../../pipeline/ingest/read/csv_record.ts";
import { MIMIC_HEADER, mimicRow, TestWorkspace } from "./workspace.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const dialect = (delimiter: string) => ({
  delimiter: delimiter.charCodeAt(0),
  quotes: true,
  backslash: false,
});

function fields(text: string, delimiter = ","): string[] {
  const data = bytes(text), record = emptyRecord();
  assert(readRecord(data, 0, dialect(delimiter), true, record));
  return Array.from(
    { length: record.count },
    (_, i) => new TextDecoder().decode(data.subarray(record.starts[i], record.ends[i])),
  );
}

Deno.test("a record's fields: quoted, empty, with line breaks, at the end of the file", () => {
  assertEquals(fields('a,"b,\nc",,d\n'), ["a", "b,\nc", "", "d"]);
  assertEquals(fields("a,b\r\n"), ["a", "b"]);
  assertEquals(fields('a,"b"\r\n'), ["a", "b"]);
  assertEquals(fields("a,b"), ["a", "b"]);
  assertEquals(fields('a,"b"'), ["a", "b"]);
  assertEquals(fields("a,"), ["a", ""]);
  assertEquals(fields("a\tb,c\n", "\t"), ["a", "b,c"]);
  assertEquals(fields('a,"say 5" or so",c\n'), ["a", 'say 5" or so', "c"]);
});

Deno.test("a record is read only when it is complete, wherever the bytes are cut", () => {
  const whole = bytes('id-1,"two\nlines, ""quoted""",x\r\nid-2,');
  const end = whole.indexOf(10, 30) + 1;
  for (let cut = 0; cut < whole.length; cut++) {
    const record = emptyRecord();
    const complete = readRecord(whole.subarray(0, cut), 0, dialect(","), false, record);
    assertEquals(complete, cut >= end, `cut at ${cut}`);
    if (complete) assertEquals(record.next, end);
  }
});

Deno.test("the delimiter is the one under which the rows are even", () => {
  const delimiter = (text: string) => String.fromCharCode(csvLayout(bytes(text)).dialect.delimiter);
  assertEquals(delimiter("a,b,c\n;;;;;"), ",");
  assertEquals(delimiter('"a,b,c,d"\tb\tc\n'), "\t");
  assertEquals(delimiter("a;b;c\n"), ";");
  assertEquals(delimiter("id|text, long\n1|a, b, c\n2|none\n"), "|");
});

/** Notes with everything that CSV has to protect, several megabytes in all. */
function hardTexts(count: number): string[] {
  const pieces = [
    "plain words ",
    'a "quoted" word ',
    ",,",
    "\n",
    "\n \n",
    "µ°é",
    "”“",
    "10-DS-1,10,",
    "😀",
  ];
  let state = 7;
  const next = () => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32;
  return Array.from({ length: count }, (_, index) => {
    let text = `Note ${index}:\n`;
    for (let n = next() * 400; n > 0; n--) text += pieces[Math.floor(next() * pieces.length)];
    return text + "end";
  });
}

Deno.test("quoted multi-line text survives, across the edges of chunks too", async () => {
  using test = new TestWorkspace();
  const texts = hardTexts(3000);
  const csv = MIMIC_HEADER + "\n" + texts.map((text, i) => mimicRow(100 + i, 1, text)).join("");
  assert(csv.length > 3_000_000, "the file must be longer than a few chunks");
  const path = test.write("discharge.csv", csv);
  const report = await test.ingest(path);
  assertEquals(report.notes, { read: 3000, kept: 3000, rejected: 0 });
  const read = (await test.notes()).map((note) => note.text);
  texts.forEach((text, index) =>
    assert(read[index] === text, `note ${index} is not what was written`)
  );
});

const texts = Array.from(
  { length: 200 },
  (_, i) => ` \nName: ___\nNote ${i}, with "quotes", ends.\n`,
);
const good = texts.map((text, i) => mimicRow(1000 + i, 1, text));

/** How a row in the middle is damaged, and the reason its reject gives. */
const damages: [name: string, row: string, detail: RegExp][] = [
  ["its quote is never closed", good[100].replace(/"\n$/, "\n"), /not closed/],
  [
    "its quote is never opened",
    good[100].replace(',," \n', ",, \n"),
    /fields, expected 8|middle of its text/,
  ],
  ["it is cut short", good[100].slice(0, 20) + "\n", /fields?, expected 8/],
  ["it is cut short in its text", good[100].slice(0, -15) + "\n", /not closed/],
  ["it has a field too many", good[100].replace(",DS,", ",DS,extra,"), /9 fields, expected 8/],
  ["it is no row at all", "### exported by report server ###\n", /1 field, expected 8/],
];

for (const [name, row, detail] of damages) {
  Deno.test(`a damaged row costs that row: ${name}`, async () => {
    using test = new TestWorkspace();
    const rows = [...good.slice(0, 100), row, ...good.slice(101)];
    const report = await test.ingest(test.write("notes.csv", MIMIC_HEADER + "\n" + rows.join("")));
    assertEquals(report.notes, { read: 200, kept: 199, rejected: 1 });
    const [reject] = test.rejects();
    assertEquals([reject.file, reject.row, reject.reason], ["notes.csv", 101, "malformed row"]);
    assert(detail.test(reject.detail), reject.detail);
    const kept = (await test.notes()).map((note) => note.text);
    assertEquals(kept, texts.filter((_, index) => index !== 100));
  });
}

Deno.test("a quote that stays open to the end of the file costs one row", async () => {
  using test = new TestWorkspace();
  const rows = [...good.slice(0, -1), good.at(-1)!.replace(/"\n$/, "\n")];
  const report = await test.ingest(test.write("notes.csv", MIMIC_HEADER + "\n" + rows.join("")));
  assertEquals(report.notes, { read: 200, kept: 199, rejected: 1 });
});

Deno.test("bytes that are not UTF-8 are read as Windows-1252 and counted", async () => {
  using test = new TestWorkspace();
  const row = mimicRow(1, 1, "temperature 38.5° and caf");
  const damaged = bytes(row);
  const at = row.indexOf("°");
  const latin = new Uint8Array([...damaged.subarray(0, at), 0xb0, ...damaged.subarray(at + 2)]);
  const csv = new Uint8Array([...bytes(MIMIC_HEADER + "\n"), ...latin, ...bytes(good[1])]);
  const report = await test.ingest(test.write("notes.csv", csv));
  assertEquals((await test.notes())[0].text, "temperature 38.5° and caf");
  assertEquals(report.repairs.cp1252.notes, 1);
});
