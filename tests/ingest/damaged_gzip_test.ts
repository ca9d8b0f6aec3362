import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { InputError } from "../../pipeline/ingest/read/note_source.ts";
import { summary } from "../../pipeline/ingest/report.ts";
import { MIMIC_HEADER, mimicRow, TestWorkspace } from "./workspace.ts";

let state = 3;
const word = () => ((state = Math.imul(state, 1664525) + 1013904223 >>> 0) >>> 8).toString(36);
const texts = Array.from(
  { length: 4000 },
  (_, i) => `Note ${i}:\n${Array.from({ length: 60 }, word).join(" ")}\n`,
);
const packed = Uint8Array.from(
  gzipSync(MIMIC_HEADER + "\n" + texts.map((text, i) => mimicRow(100 + i, 1, text)).join("")),
);

/** The file with `length` bytes of its middle overwritten. */
function overwritten(length: number): Uint8Array {
  const bytes = packed.slice();
  bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + length);
  return bytes;
}

const damages: [name: string, bytes: Uint8Array, least: number][] = [
  ["cut off in the middle", packed.slice(0, packed.length / 2), 1900],
  ["overwritten in the middle", overwritten(4000), 1800],
  ["cut off in its checksum", packed.slice(0, -3), 3900],
];

for (const [name, bytes, least] of damages) {
  Deno.test(`a gzip file that is ${name} stops the run, or gives what comes before`, async () => {
    using test = new TestWorkspace();
    const path = test.write("notes.csv.gz", bytes);
    const error = await assertRejects(() => test.ingest(path), InputError);
    assertStringIncludes(error.message, "Cannot read all of notes.csv.gz:");
    assertStringIncludes(error.message, "--accept-truncated");
    assertEquals(error.message.includes("\n"), false);
    await assertRejects(() => Deno.stat(test.paths.notes), Deno.errors.NotFound);

    const report = await test.ingest(path, { acceptTruncated: true });
    assertGreater(report.notes.kept, least);
    const kept = (await test.notes()).map((note) => note.text);
    const sound = kept.findIndex((text, index) => text !== texts[index]);
    // Deflate has no checksum of its own before the end: bytes read as codes may give other text.
    if (!name.startsWith("overwritten")) assertEquals(sound, -1);
    const [input] = report.inputs;
    assert(input.damage);
    assertEquals(input.sha256, createHash("sha256").update(bytes).digest("hex"));
    assertStringIncludes(summary(report), `WARNING: notes.csv.gz is damaged or cut off`);
    if (name === "cut off in the middle") {
      const [reject] = test.rejects();
      assertEquals([reject.row, reject.reason], [kept.length + 1, "malformed row"]);
    }
  });
}

Deno.test("a whole file has no damage to report, in one member or several", async () => {
  using test = new TestWorkspace();
  const [first, second] = [texts.slice(0, 50), texts.slice(50, 90)].map((part, index) =>
    gzipSync(
      (index === 0 ? MIMIC_HEADER + "\n" : "") +
        part.map((text, i) => mimicRow(1000 * index + i, 1, text)).join(""),
    )
  );
  const report = await test.ingest(
    test.write("notes.csv.gz", new Uint8Array([...first, ...second])),
  );
  assertEquals(report.notes, { read: 90, kept: 90, rejected: 0 });
  assertEquals(report.inputs[0].damage, null);
});
