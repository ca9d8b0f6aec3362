// Passages of notes may be shown where the notes are known to be invented: by the digest of a corpus
// that synthesize has marked, never by where a file lies or how it is called.

import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { hasSyntheticNotes, markSynthetic } from "../../pipeline/artifacts/synthetic.ts";
import { writeCorpus } from "../../pipeline/synthesize/write_corpus.ts";
import { TestWorkspace } from "../ingest/workspace.ts";

Deno.test("only what synthesize wrote, as it wrote it, is taken for synthetic", async () => {
  using test = new TestWorkspace();
  const { paths } = test;
  const write = async (path: string, seed: number) => {
    await Deno.mkdir(dirname(path), { recursive: true });
    await writeCorpus(path, { notes: 12, seed, workers: 1 });
  };
  const synthetic = async (...inputs: string[]) => {
    await test.ingest(inputs);
    return await hasSyntheticNotes(paths);
  };
  assertEquals(await hasSyntheticNotes(paths), false, "no notes");

  await write(paths.synthetic, 1);
  assertEquals(await synthetic(paths.synthetic), false, "its place alone says nothing");
  await markSynthetic(paths, paths.synthetic, { notes: 12, seed: 1 });
  assertEquals(await synthetic(paths.synthetic), true);
  assertEquals(
    await synthetic(dirname(paths.synthetic)),
    true,
    "as a folder, the mark is no input",
  );

  const elsewhere = join(paths.root, "elsewhere.csv.gz");
  await write(elsewhere, 2);
  await markSynthetic(paths, elsewhere, { notes: 12, seed: 2 });
  assertEquals(await synthetic(paths.synthetic, elsewhere), true);
  const letters = test.write("letters.csv", "id,text\n1,The patient is well and was seen today.\n");
  assertEquals(await synthetic(paths.synthetic, letters), false, "one input of patients");

  await write(paths.synthetic, 3); // other notes under the mark of those before
  assertEquals(await synthetic(paths.synthetic), false);
  await markSynthetic(paths, paths.synthetic, { notes: 12, seed: 3 });
  assertEquals(await synthetic(paths.synthetic), true);
  await Deno.writeTextFile(paths.notes, "notes put in the place of those that were ingested");
  assertEquals(await hasSyntheticNotes(paths), false);
});
