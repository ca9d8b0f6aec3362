import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { InputError } from "../../pipeline/ingest/read/note_source.ts";
import { MIMIC_HEADER, mimicRow, TestWorkspace } from "./workspace.ts";

/** A server of `content` under /notes.parquet and nothing else. */
function serve(content: Uint8Array<ArrayBuffer>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/notes.parquet") return new Response("no such file", { status: 404 });
    return new Response(content);
  });
}

const temporary = () =>
  [...Deno.readDirSync(Deno.env.get("TMPDIR") ?? "/tmp")]
    .filter(({ name }) => name.startsWith("ingest_")).length;

Deno.test("Parquet behind an address: same notes, checksum, no secret kept, nothing left", async () => {
  using test = new TestWorkspace();
  const rows = Array.from({ length: 300 }, (_, i) => mimicRow(500 + i, 1, `Note ${i} is stable.`));
  await test.ingest(test.write("a.csv", `${MIMIC_HEADER}\n${rows.join("")}`));
  const expected = (await test.notes()).map(({ note_id, text, split }) => [note_id, text, split]);
  const content = Deno.readFileSync(test.paths.notes);
  const before = temporary();
  await using server = serve(content);
  const address = `http://127.0.0.1:${server.addr.port}`;

  const report = await test.ingest(`${address}/notes.parquet?signature=secret`);
  const notes = await test.notes();
  assertEquals(notes.map(({ note_id, text, split }) => [note_id, text, split]), expected);
  const [input] = report.inputs;
  assertEquals(input.sha256, createHash("sha256").update(content).digest("hex"));
  assertEquals([input.path, input.format, input.bytes], [
    `${address}/notes.parquet`,
    "parquet",
    content.length,
  ]);
  assert(!Deno.readTextFileSync(test.paths.ingestReport).includes("secret"));
  assert(notes.every(({ source }) => source === `${address}/notes.parquet`));

  for (
    const [url, options, message] of [
      [`${address}/other.parquet`, {}, "the server answered 404"],
      [`${address}/notes.parquet`, { maxDownloadBytes: 1000 }, "--max-download-gb"],
      ["http://127.0.0.1:1/notes.parquet?signature=secret", {}, "Cannot download http://127"],
    ] as const
  ) {
    const error = await assertRejects(() => test.ingest(url, options), InputError);
    assertStringIncludes(error.message, message);
    assert(!error.message.includes("secret") && !error.message.includes("\n"), error.message);
  }
  assertEquals(temporary(), before);
});

Deno.test({
  name: "without network permission ingest says how to give it for this host alone",
  permissions: { read: true, write: true, env: true, sys: true, ffi: true, net: false },
  async fn() {
    using test = new TestWorkspace();
    const error = await assertRejects(
      () => test.ingest("https://example.org/notes.parquet"),
      InputError,
    );
    assertStringIncludes(error.message, "--allow-net=example.org");
  },
});

Deno.test("s3:// needs DuckDB's extension, and the error says so in one line", async () => {
  using test = new TestWorkspace();
  const error = await assertRejects(() => test.ingest("s3://no-such-bucket/a.parquet"), InputError);
  assertStringIncludes(error.message, "Cannot read s3://no-such-bucket/a.parquet as Parquet");
  assertStringIncludes(error.message, "httpfs");
  assertEquals(error.message.includes("\n"), false);
});
