import { DuckDBInstance } from "@duckdb/node-api";
import { assertEquals } from "@std/assert";
import { TextPages } from "../../pipeline/ingest/write/note_pages.ts";
import { ParquetFile } from "../../pipeline/ingest/parquet/file.ts";
import type { Column } from "../../pipeline/ingest/parquet/format.ts";
import { PlainPage, TextPage } from "../../pipeline/ingest/parquet/plain_page.ts";
import type {
  WriterMessage,
  WriterReply,
  WriterStart,
} from "../../pipeline/ingest/write/parquet_worker.ts";
import { encodeStruct } from "../../pipeline/ingest/parquet/thrift.ts";

const columns: Column[] = [
  { name: "number", type: "int32", optional: false },
  { name: "maybe", type: "string", optional: true },
  { name: "text", type: "string", optional: false },
];
type Row = { number: number; maybe: string | null; text: string };

/** Writes the groups of rows, two pages of text in each, and reads them with DuckDB. */
async function throughDuckDb(groups: Row[][]): Promise<Row[]> {
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  {
    using file = await Deno.open(path, { write: true });
    const parquet = new ParquetFile(file, columns);
    for (const rows of groups) {
      const number = new PlainPage(columns[0]), maybe = new PlainPage(columns[1]);
      for (const row of rows) number.int32(row.number), maybe.string(row.maybe);
      parquet.addPage(0, number.take(), rows.length);
      parquet.addPage(1, maybe.take(), rows.length);
      for (const half of [rows.slice(0, rows.length / 2), rows.slice(rows.length / 2)]) {
        const texts = new TextPage(1 << 20);
        for (const { text } of half) texts.append(new TextEncoder().encode(text));
        parquet.addPage(2, texts.bytes, half.length);
      }
      parquet.endRowGroup(rows.length);
    }
    parquet.end();
  }
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll("FROM read_parquet($path)", { path });
  const rows = reader.getRowObjects() as unknown as Row[];
  connection.closeSync();
  instance.closeSync();
  await Deno.remove(path);
  return rows;
}

Deno.test("what is written page by page, DuckDB reads: nulls in any pattern, many groups", async () => {
  const row = (index: number, isNull: boolean): Row => ({
    number: index === 5 ? -(2 ** 31) : index * 1_000_003 | 0,
    maybe: isNull ? null : "µ".repeat(index % 7),
    text: index % 3 === 0 ? "" : `Note ${index}: “38.5°” 😀\n`.repeat(index % 50),
  });
  const groups = [
    Array.from({ length: 300 }, (_, index) => row(index, index % 2 === 0)),
    Array.from({ length: 200 }, (_, index) => row(index, true)),
    Array.from({ length: 200 }, (_, index) => row(index, false)),
    // Runs longer than one byte of a varint counts.
    Array.from({ length: 1000 }, (_, index) => row(index, index > 150 && index < 700)),
    ...Array.from({ length: 20 }, (_, index) => [row(index, index > 10), row(index, true)]),
  ];
  assertEquals(await throughDuckDb(groups), groups.flat());
});

Deno.test("a file without rows is one, too", async () => {
  assertEquals(await throughDuckDb([]), []);
  // Readers that check the type of a list's items expect row groups (structs), of which there are 0.
  assertEquals([...encodeStruct({ 4: { list: [] } })], [0x49, 0x0c, 0]);
});

Deno.test("Thrift's compact protocol, byte for byte", () => {
  const bytes = encodeStruct({
    1: { i32: 1 },
    3: { i64: 2 ** 40 },
    4: { list: Array.from({ length: 15 }, () => ({ string: "é" })) },
    12: { struct: {} },
  });
  assertEquals([...bytes], [
    ...[0x15, 2],
    ...[0x26, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
    ...[0x19, 0xf8, 15, ...Array.from({ length: 15 }, () => [2, 0xc3, 0xa9]).flat()],
    ...[0x8c, 0],
    0,
  ]);
});

Deno.test("a page of texts is full when the next one does not fit", () => {
  const page = new TextPage(16);
  const text = new TextEncoder().encode("12345");
  assertEquals([page.append(text), page.append(text), page.rows], [true, false, 1]);
  assertEquals([...page.bytes], [5, 0, 0, 0, ...text]);
  page.clear();
  assertEquals([page.append(new Uint8Array(12)), page.bytes.length], [true, 16]);
});

Deno.test("three pages are lent at a time, whatever their size", async () => {
  const small = new Uint8Array(10), large = new Uint8Array(2 << 20);
  const never = new Promise<void>(() => {});
  for (const text of [small, large]) {
    const pages = new TextPages();
    const lent = [];
    for (let page = 0; page < 3; page++) lent.push(await pages.lend(text, never));
    let fourth = false;
    const next = pages.lend(text, never).then(() => fourth = true);
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(fourth, false, `${text.length} bytes`);
    pages.takeBack();
    await next;
  }
});

Deno.test("the writing thread does nothing more after a failure", async () => {
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  const worker = new Worker(
    new URL("../../pipeline/ingest/write/parquet_worker.ts", import.meta.url),
    { type: "module" },
  );
  const replies: WriterReply[] = [];
  worker.onmessage = ({ data }) => replies.push(data);
  const send = (message: WriterStart | WriterMessage) => worker.postMessage(message);
  const page = new Uint8Array(new SharedArrayBuffer(8));
  send({ path, columns });
  send({ column: 2, page, values: 1 });
  send({ column: columns.length, page, values: 1 }); // There is no such column.
  send({ column: 2, page, values: 1 });
  send({ rowGroup: 1 });
  send("end");
  while (replies.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 100));
  worker.terminate();
  await Deno.remove(path);
  assertEquals(replies.map((reply) => typeof reply === "string" ? reply : "error"), [
    "taken",
    "error",
  ]);
});
