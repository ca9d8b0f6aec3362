import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { presets } from "../../../../pipeline/lib/gpt/config.ts";
import { initialParameters } from "../../../../pipeline/lib/gpt/model/init.ts";
import { elements, parameterTable } from "../../../../pipeline/lib/gpt/model/parameters.ts";

const config = { ...presets.micro.model, vocab_size: 300 };

Deno.test("initial parameters follow the table: sizes, constants, standard deviations", () => {
  const parameters = initialParameters(config, 1);
  const table = parameterTable(config);
  assertEquals([...parameters.keys()], table.map(({ name }) => name));
  for (const { name, shape, init } of table) {
    const values = parameters.get(name)!;
    assertEquals(values.length, elements(shape), name);
    if ("constant" in init) {
      assert(values.every((value) => value === init.constant), name);
    } else {
      const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      assertAlmostEquals(Math.sqrt(variance) / init.normal, 1, 4 / Math.sqrt(2 * values.length));
    }
  }
});

Deno.test("the same seed gives the same parameters, and tensors do not depend on one another", () => {
  const deep = initialParameters({ ...config, n_layer: 6 }, 1);
  const shallow = initialParameters(config, 1);
  assertEquals(initialParameters(config, 1), shallow);
  assertEquals(deep.get("wte.weight"), shallow.get("wte.weight"));
  assert(initialParameters(config, 2).get("wte.weight")![0] !== shallow.get("wte.weight")![0]);
});
