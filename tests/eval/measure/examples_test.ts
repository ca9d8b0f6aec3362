import { assertEquals } from "@std/assert";
import { workspace } from "../../../pipeline/artifacts.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { examplesOf } from "../../../pipeline/eval/measure/examples.ts";
import { isSynthetic } from "../../../pipeline/eval/origin.ts";
import { inFolder } from "../../helpers/in_folder.ts";

Deno.test("examples show what stood before, what was shown and what really follows", async () => {
  const text = "no acute distress today";
  const growths = new Map([
    [0, [{ text: "yes", confidence: 0.6 }, { text: "yes and", confidence: 0.2 }]],
    [3, [{ text: "acute distress", confidence: 0.5 }]],
  ]);
  const passage = { from: 0, to: text.length };
  const { accepted, wrong } = await examplesOf([{ text, passage, growths }], 0.4);
  assertEquals(accepted, [{
    before: "no ",
    suggestion: "acute distress",
    confidence: 0.5,
    follows: "acute distress today",
  }]);
  assertEquals(wrong, [{
    before: "",
    suggestion: "yes",
    confidence: 0.6,
    follows: "no acute distre".slice(0, 15),
  }]);
});

Deno.test(
  "only notes that all come from synthesize are taken for synthetic",
  inFolder(async (data) => {
    const paths = workspace(data);
    assertEquals(await isSynthetic(paths), false, "without a record");
    const ingested = async (...inputs: string[]) => {
      await writeJson(paths.ingestReport, { inputs: inputs.map((path) => ({ path })) });
      return await isSynthetic(paths);
    };
    assertEquals(await ingested(paths.synthetic), true);
    assertEquals(await ingested(paths.synthetic, "/notes/discharge.csv.gz"), false);
    assertEquals(await ingested("/notes/discharge.csv.gz"), false);
    assertEquals(await ingested(), false);
  }),
);
