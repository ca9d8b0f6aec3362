import { assertEquals } from "@std/assert";
import { percent } from "../../pipeline/lib/base/format.ts";
import { code, interval, table } from "../../pipeline/report/markdown.ts";
import { architectureDrawing } from "../../pipeline/report/architecture.ts";
import { parameterCount } from "../../pipeline/lib/gpt/model/parameters.ts";
import { presets } from "../../pipeline/lib/gpt/config.ts";

Deno.test("cells cannot break out of their table", () => {
  assertEquals(
    table(["name", ">value"], [["a|b\nc", "1"]]),
    "| name | value |\n| --- | ---: |\n| a\\|b c | 1 |",
  );
});

Deno.test("text of a model cannot become mark-up", () => {
  assertEquals(code("**a** `b`\n<i>"), "`**a** 'b'⏎<i>`");
});

Deno.test("an interval stands behind its value", () => {
  assertEquals(
    interval({ value: 0.5, low: 0.25, high: 0.75 }, (v) => percent(v, 0)),
    "50% (25%–75%)",
  );
});

Deno.test("the drawing shows the shapes of the configuration", () => {
  const model = { ...presets.nano.model, vocab_size: 4096 };
  const svg = architectureDrawing(model);
  for (const text of ["6 blocks", "6 heads of 64", "384 → 1536", "4096 tokens, 256 positions"]) {
    assertEquals(svg.includes(text), true, text);
  }
  assertEquals(svg.includes(parameterCount(model).toLocaleString("en-US")), true);
});
