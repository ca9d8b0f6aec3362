// The record of planted notes is that of the notes they are a copy of, and names the copy.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { isFresh } from "../../pipeline/artifacts/chain.ts";
import { readReport } from "../../pipeline/artifacts/reports.ts";
import { exists, writeAtomic } from "../../pipeline/lib/base/files.ts";
import { TestWorkspace } from "../ingest/workspace.ts";

Deno.test("planted notes carry an ingest.json of their own, and none where the source has none", async () => {
  using test = new TestWorkspace();
  const target = workspace(join(test.root, "planted"));
  const plant = async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "canaries", "--codes", "1", "--copies", "1"]
        .concat("--data", test.paths.root, "--out", target.root),
      cwd: new URL("../..", import.meta.url),
    }).output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  };
  const rows = Array.from({ length: 30 }, (_, n) => `${n},"Letter ${n}: the patient is well."\n`);
  await test.ingest(test.write("letters.csv", "id,text\n" + rows.join("")));
  assertEquals((await plant()).code, 0);
  assertEquals(await isFresh(target, "notes"), true);
  assertEquals((await readReport("notes", target.ingestReport, "")).notes.kept, 30);

  const notes = await Deno.readFile(test.paths.notes);
  await writeAtomic(test.paths.notes, "notes of another ingest");
  const { code, stderr } = await plant();
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Cannot plant codes: interim/notes.parquet, written");

  await writeAtomic(test.paths.notes, notes);
  await Deno.remove(test.paths.ingestReport);
  assertEquals((await plant()).code, 0);
  assertEquals(await exists(target.ingestReport), false);
});
