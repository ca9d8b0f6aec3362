import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { ArtifactError } from "../../pipeline/lib/base/files.ts";
import { Evidence } from "../../pipeline/report/evidence.ts";
import { inFolder } from "../helpers/in_folder.ts";

Deno.test(
  "each figure is listed with its file and its place",
  inFolder(async (folder) => {
    const path = join(folder, "eval.json");
    await Deno.writeTextFile(path, `{"models":[{"bits":{"value":1.25},"name":"GPT"}],"list":[1]}`);
    const evidence = new Evidence(folder);
    const source = await evidence.source(path, "deno task eval");
    assertEquals(source.number("models[0].bits.value"), 1.25);
    assertEquals(source.text("models[0].name"), "GPT");
    assertEquals(source.at("list"), [1]);
    assertEquals(evidence.figures, [
      { file: "eval.json", path: "models[0].bits.value", value: 1.25 },
      { file: "eval.json", path: "models[0].name", value: "GPT" },
    ]);
  }),
);

Deno.test(
  "a figure that is not there is named, not written as undefined",
  inFolder(async (folder) => {
    const path = join(folder, "eval.json");
    await Deno.writeTextFile(path, `{"models":[]}`);
    const source = await new Evidence(folder).source(path, "deno task eval");
    const error = assertThrows(() => source.number("models[0].bits"), RangeError);
    assertEquals(error.message.includes("expected a number at models[0].bits of eval.json"), true);
  }),
);

Deno.test(
  "a missing file names the command; an optional one is left out",
  inFolder(async (folder) => {
    const evidence = new Evidence(folder);
    const path = join(folder, "none.json");
    await assertRejects(() => evidence.source(path, "deno task eval"), ArtifactError, "task eval");
    assertEquals(await evidence.optional(path), undefined);
  }),
);
