import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DuckDBInstance } from "@duckdb/node-api";
import { join } from "@std/path";
import { inFolder } from "../helpers/in_folder.ts";
import { peopleOf, unnamedText } from "../../pipeline/ngram/people.ts";

const LINE = "She restores harpsichords with her twin brother in a converted mill near the estuary";

/** A notes.parquet of [note_id, subject_id, text], all of them for training. */
async function writeNotes(path: string, notes: [string, string, string][]): Promise<void> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const rows = notes.map((note) => `(${note.map((value) => `'${value}'`).join(", ")}, 'train')`);
  await connection.run(
    `COPY (SELECT * FROM (VALUES ${rows.join(", ")}) AS t(note_id, subject_id, text, split))
     TO '${path}' (FORMAT parquet)`,
  );
  connection.closeSync();
}

Deno.test(
  "eight notes of one nameless person are one person's",
  inFolder(async (root) => {
    const path = join(root, "notes.parquet");
    await writeNotes(
      path,
      Array.from({ length: 9 }, (_, note) => [
        `n${note}`,
        `n${note}`,
        note === 8 ? "something else" : `Day ${note}. ${LINE}.`,
      ]),
    );
    const { of, counted } = await peopleOf(path);
    assertEquals(of, [0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assertEquals(counted, { people: 2, unnamedNotes: 9, groups: 2 });
    assertStringIncludes(unnamedText(counted)[0], "9 notes name no patient");
    assertStringIncludes(unnamedText(counted)[0], "--patient COLUMN");
    const risked = await peopleOf(path, "one visit each");
    assertEquals(new Set(risked.of).size, 9);
    assertEquals(risked.counted.acceptedRisk, "one visit each");
    assertStringIncludes(unnamedText(risked.counted)[0], "because: one visit each");
  }),
);

Deno.test(
  "where the source names every patient, nothing is compared",
  inFolder(async (root) => {
    const path = join(root, "notes.parquet");
    await writeNotes(path, [["n1", "p1", LINE], ["n2", "p2", LINE], ["n3", "p1", "x"]]);
    const { of, counted } = await peopleOf(path, "a reason that is not needed");
    assertEquals(of, [0, 1, 0]);
    assertEquals(counted, { people: 2, unnamedNotes: 0, groups: 0 });
    assertEquals(unnamedText(counted), []);
    assert(counted.acceptedRisk === undefined);
  }),
);
