import { assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { Digests } from "../../../pipeline/lib/base/digests.ts";
import { exists, sha256File } from "../../../pipeline/lib/base/files.ts";
import { inFolder } from "../../helpers/in_folder.ts";

const BYTES = 33 * 2 ** 20;

async function writeLarge(path: string, first: number): Promise<void> {
  const bytes = new Uint8Array(BYTES);
  bytes[0] = first;
  await Deno.writeFile(path, bytes);
}

Deno.test(
  "a changed file has another digest, also with its old size and time of modification",
  inFolder(async (folder) => {
    const path = join(folder, "notes.parquet");
    const digests = new Digests(folder, 0);
    assertEquals(await digests.of(path), undefined);
    await writeLarge(path, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = await digests.of(path);
    assertEquals(before, await sha256File(path));
    const { atime, mtime } = await Deno.stat(path);
    await new Promise((resolve) => setTimeout(resolve, 1100)); // Deno's ctime counts seconds
    await writeLarge(path, 2);
    await Deno.utime(path, atime!, mtime!);
    assertNotEquals(await digests.of(path), before);
    assertEquals(await digests.of(path), await sha256File(path));
    assertEquals(await new Digests(folder, 0).of(path), await sha256File(path), "another process");
  }),
);

Deno.test(
  "digests of large files are kept between commands, but not of files that have just changed",
  inFolder(async (folder) => {
    const path = join(folder, "notes.parquet"), kept = join(folder, ".digests.json");
    await writeLarge(path, 1);
    await new Digests(folder).of(path);
    assertEquals(await exists(kept), false, "changed a moment ago");
    await new Promise((resolve) => setTimeout(resolve, 5));
    await new Digests(folder, 0).of(path);
    // What is kept is what the next command answers, without reading the file.
    const text = await Deno.readTextFile(kept);
    await Deno.writeTextFile(kept, text.replace(/(?<="sha256": ")[^"]*/, "remembered"));
    assertEquals(await new Digests(folder, 0).of(path), "remembered");
    await Deno.writeTextFile(kept, "damaged");
    assertEquals(await new Digests(folder, 0).of(path), await sha256File(path));
    const small = join(folder, "tokens.json");
    await Deno.writeTextFile(small, "{}");
    await new Digests(folder, 0).of(small);
    assertEquals((await Deno.readTextFile(kept)).includes("tokens.json"), false);
  }),
);
