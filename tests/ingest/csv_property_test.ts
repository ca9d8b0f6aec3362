// A valid file is read as every CSV reader reads it: thousands of random ones, compared with
// csv-parse. What is damaged costs only itself: random damage to random files, compared with the
// rows as they were before.

import { assert, assertEquals } from "@std/assert";
import { parse } from "csv-parse/sync";
import { join } from "@std/path";
import { readCsv } from "../../pipeline/ingest/read/csv.ts";
import { Intake } from "../../pipeline/ingest/read/intake.ts";
import type { ReadContext } from "../../pipeline/ingest/read/note_source.ts";

function random(seed: number) {
  let state = seed;
  const next = () => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32;
  const below = (count: number) => Math.floor(next() * count);
  return { next, below, pick: <T>(from: readonly T[]): T => from[below(from.length)] };
}

const folder = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

interface Rejected {
  row: number;
  detail: string;
}

async function read(content: string) {
  const path = join(folder, "notes.csv");
  Deno.writeTextFileSync(path, content);
  const rejects: Rejected[] = [];
  const context: ReadContext = {
    columns: {},
    intake: new Intake(),
    reject: (row, _, detail) => rejects.push({ row, detail }),
    mapped: () => {},
  };
  const notes: { id: string; patient: string; text: string }[] = [];
  const file = { path, name: "notes.csv", format: "csv" as const, bytes: content.length };
  for await (const batch of readCsv(file, context)) {
    for (const note of batch) {
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(note.text);
      notes.push({ id: note.note_id ?? "", patient: note.subject_id ?? "", text });
    }
  }
  return { notes, rejects };
}

const pieces = [
  "plain words ",
  'a "quoted" word ',
  '"',
  '""',
  ",",
  ",,",
  ";",
  "\t",
  "\n",
  "\r\n",
  "\n\n",
  "12,000 units",
  "\n12,000 units",
  "\n7,p3,",
  '\n7,p3,"',
  '\n"',
  '",\n',
  "1\tp2\ttext",
  "\n3;p1;text\n",
  "\\",
  '\\"',
  "é“”😀",
  "id,patient_id,text\n",
];

function tableOf(seed: number) {
  const { next, below, pick } = random(seed);
  const delimiter = pick([",", ",", "\t", ";", "|"]);
  const lineEnd = pick(["\n", "\r\n"]);
  const quoteAll = next() < 0.5;
  const columns = ["text", "note_id", "patient_id", "extra"].slice(0, 1 + below(4));
  for (let at = columns.length - 1; at > 0; at--) {
    const other = below(at + 1);
    [columns[at], columns[other]] = [columns[other], columns[at]];
  }
  const text = () => {
    let text = pick(["", "Note. ", '"', "\n"]);
    for (let count = below(12); count > 0; count--) text += pick(pieces);
    return text + pick(["", "end", '"', "\n", "5"]);
  };
  const rows = Array.from(
    { length: 1 + below(25) },
    (_, index) =>
      columns.map((column) =>
        column === "text"
          ? text()
          : column === "note_id"
          ? pick([`${index}`, `n-${index}`, `${index}`])
          : column === "patient_id"
          ? pick(["", "p1", `p${index}`, "7"])
          : pick(["", "x", "a b", 'with "quotes"', "two\nlines"])
      ),
  );
  const special = new RegExp(`["\\r\\n${delimiter === "|" ? "\\|" : delimiter}]`);
  const write = (field: string, alone: boolean) =>
    quoteAll || special.test(field) || (alone && field === "")
      ? `"${field.replaceAll('"', '""')}"`
      : field;
  const lines = [columns, ...rows].map((row) =>
    row.map((field) => write(field, row.length === 1)).join(delimiter)
  );
  const content = lines.join(lineEnd) + pick([lineEnd, ""]);
  return { content, delimiter, columns, lines, lineEnd };
}

Deno.test("a valid table is read as csv-parse reads it", async () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const { content, delimiter } = tableOf(seed);
    const expected = parse(content, {
      columns: true,
      delimiter,
      record_delimiter: ["\n", "\r\n"],
      relax_quotes: true,
    }) as Record<string, string>[];
    const { notes, rejects } = await read(content);
    assertEquals(rejects, [], `seed ${seed}`);
    assertEquals(
      notes,
      expected.map((row) => ({
        id: row.note_id ?? "",
        patient: row.patient_id ?? "",
        text: row.text,
      })),
      `seed ${seed}: ${JSON.stringify(content)}`,
    );
  }
});

/** Ways to spoil a row as exports do. */
const damages: [name: string, spoil: (row: string) => string][] = [
  ["an extra field", (row) => `extra,fields,more,${row}`],
  ["a line that is no row", () => "### printed by report server ###"],
  ["the closing quote of the last text is missing", (row) => row.replace(/"$/, "")],
  ["it is cut in the middle of its text", (row) => row.slice(0, -12)],
];

Deno.test("a damaged row costs that row, wherever it stands", async () => {
  for (let seed = 1; seed <= 400; seed++) {
    const { below, pick } = random(seed);
    const text = (index: number) =>
      `Note ${index} with ""quotes"",\nseveral lines,\n12,000 units and\n${
        "words ".repeat(below(9))
      }end.`;
    const rows = Array.from({ length: 30 }, (_, i) => `${i},p${i % 7},"${text(i)}"`);
    const at = below(30);
    const [name, spoil] = pick(damages);
    const spoilt = rows.map((row, index) => index === at ? spoil(row) : row);
    const { notes, rejects } = await read(["note_id,patient_id,text", ...spoilt].join("\n") + "\n");
    const expected = rows.map((_, index) => `${index}`).filter((_, index) => index !== at);
    assertEquals(notes.map(({ id }) => id), expected, `${name}, seed ${seed}`);
    assertEquals(rejects.length, 1, `${name}, seed ${seed}`);
  }
});

Deno.test("undamaged rows between damaged ones stay", async () => {
  const rows = Array.from({ length: 20 }, (_, i) => `${i},p${i},"Text ${i},\nsecond line"`);
  const spoilt = rows.map((row, index) => index % 2 === 0 ? row : `${row},too,many`);
  const { notes, rejects } = await read(["note_id,patient_id,text", ...spoilt].join("\n"));
  assertEquals(notes.length, 10);
  assertEquals(rejects.length, 10);
  assert(rejects.every(({ detail }) => detail.startsWith("5 fields, expected 3")));
});

const dialects: [name: string, content: string, texts: string[]][] = [
  [
    "backslash before quotes (Spark)",
    'note_id,text\n1,"He said \\"yes\\", then\nleft"\n2,"C:\\\\new"\n3,"a ""b"" c"\n',
    ['He said "yes", then\nleft', "C:\\new", 'a "b" c'],
  ],
  [
    "backslash first seen in a later row",
    "note_id,text\n" + Array.from({ length: 300 }, (_, i) => `${i},"plain ${i}"\n`).join("") +
    '300,"the \\"last\\" one,\nends"\n',
    [...Array.from({ length: 300 }, (_, i) => `plain ${i}`), 'the "last" one,\nends'],
  ],
  ["sep=; as Excel writes it", "sep=;\nnote_id;text\n1;One, two\n2;Three\n", ["One, two", "Three"]],
  [
    "quotes as ordinary characters in TSV",
    'note_id\ttext\n1\t"Hello" he said\n2\t5\'4" tall\n3\t"odd\n',
    ['"Hello" he said', "5'4\" tall", '"odd'],
  ],
  [
    "MySQL: line breaks and tabs behind a backslash",
    "note_id\ttext\n1\tline one\\\nline two\n2\ta\\\tb\n3\tc\\\\d\n",
    ["line one\nline two", "a\tb", "c\\d"],
  ],
  ["lone CR", "note_id,text\r1,One\r2,Two\r", ["One", "Two"]],
  [
    "quotes that are not doubled, at an end of a line too",
    'note_id,text\n1,"he took "aspirin"\n12,000 units\nfoo"\n2,"Two"\n3,"Three"\n4,"Four"\n',
    ['he took "aspirin"\n12,000 units\nfoo', "Two", "Three", "Four"],
  ],
  [
    "empty fields too many at the end",
    "note_id,text\n1,One,\n2,Two,,\n",
    ["One", "Two"],
  ],
];

for (const [name, content, texts] of dialects) {
  Deno.test(`read as it was meant: ${name}`, async () => {
    const { notes, rejects } = await read(content);
    assertEquals(rejects, []);
    assertEquals(notes.map(({ text }) => text), texts);
  });
}
