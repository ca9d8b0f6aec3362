import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readTokens, tokenHeader } from "../pipeline/artifacts.ts";
import {
  ArtifactError,
  readJson,
  requireFile,
  writeAtomic,
  writeJson,
} from "../pipeline/lib/base/files.ts";

async function inTemporaryFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "nano-med-gpt-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map((e) => e.name);

Deno.test("writeAtomic makes folders, replaces, and leaves only the file", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "a", "b.txt");
    await writeAtomic(path, "one");
    await writeAtomic(path, new TextEncoder().encode("two"));
    assertEquals(await Deno.readTextFile(path), "two");
    assertEquals(await names(join(folder, "a")), ["b.txt"]);
  }));

Deno.test("a write that fails half-way leaves the old file and nothing else", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "notes.txt");
    await writeAtomic(path, "old");
    await assertRejects(
      () =>
        writeAtomic(path, async (file) => {
          await file.write(new TextEncoder().encode("half of the n"));
          throw new Error("disk full");
        }),
      Error,
      "disk full",
    );
    assertEquals(await Deno.readTextFile(path), "old");
    assertEquals(await names(folder), ["notes.txt"]);
  }));

Deno.test("a missing or damaged artifact names the command that makes it", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "x.json");
    await assertRejects(
      () => requireFile(path, "deno task ingest"),
      ArtifactError,
      `run "deno task ingest" first`,
    );
    await Deno.writeTextFile(path, `{"half":`);
    await assertRejects(() => readJson(path, "deno task eda"), ArtifactError, "deno task eda");
    await writeJson(path, { whole: true });
    assertEquals(await readJson(path, "deno task eda"), { whole: true });
  }));

Deno.test("token files: what is written is read; foreign, cut and future files are refused", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "train.bin");
    const tokens = new Uint16Array([0, 7, 65535]);
    const whole = new Uint8Array([...tokenHeader(3), ...new Uint8Array(tokens.buffer)]);
    await writeAtomic(path, whole);
    assertEquals(await readTokens(path), tokens);
    const refused: [Uint8Array, string][] = [
      [whole.subarray(0, whole.length - 1), "expected 1030"],
      [whole.subarray(0, 100), "shorter than a header"],
      [new Uint8Array(2000), "magic 0"],
    ];
    const future = whole.slice();
    future[4] = 2;
    refused.push([future, "version 2"]);
    for (const [content, message] of refused) {
      await writeAtomic(path, content);
      await assertRejects(() => readTokens(path), ArtifactError, message);
    }
  }));
