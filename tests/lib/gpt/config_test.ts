import { assertEquals, assertThrows } from "@std/assert";
import {
  presets,
  validateGptConfig,
  validateTrainConfig,
} from "../../../pipeline/lib/gpt/config.ts";
import {
  elements,
  parameterCount,
  parameterTable,
} from "../../../pipeline/lib/gpt/model/parameters.ts";

Deno.test("every preset is valid", () => {
  for (const preset of Object.values(presets)) {
    validateGptConfig({ ...preset.model, vocab_size: 50257 });
    validateTrainConfig(preset.train);
  }
});

Deno.test("parameter counts agree with the published ones", () => {
  // GPT-2 small: 124,439,808 parameters (Hugging Face's GPT2LMHeadModel.num_parameters()).
  assertEquals(parameterCount({ ...presets.gpt2.model, vocab_size: 50257 }), 124_439_808);
  const micro = parameterCount({ ...presets.micro.model, vocab_size: 2048 });
  assertEquals(Math.round(micro / 1e5) / 10, 1.1);
});

Deno.test("the table names each tensor once; only matrices decay", () => {
  const table = parameterTable({ ...presets.micro.model, vocab_size: 100 });
  assertEquals(new Set(table.map(({ name }) => name)).size, table.length);
  for (const { name, shape, decay } of table) {
    assertEquals(decay, shape.length === 2, name);
    assertEquals(elements(shape) > 0, true, name);
  }
  assertEquals(table.length, 2 + 4 * 12 + 2);
});

Deno.test("an impossible model or run is refused by the field's name", () => {
  const model = { ...presets.micro.model, vocab_size: 100 };
  assertThrows(() => validateGptConfig({ ...model, n_head: 3 }), RangeError, "not a multiple");
  assertThrows(() => validateGptConfig({ ...model, n_layer: 0 }), RangeError, "n_layer is 0");
  assertThrows(() => validateGptConfig({ ...model, vocab_size: 70000 }), RangeError, "uint16");
  assertThrows(() => validateGptConfig({ ...model, attn_pdrop: 1 }), RangeError, "attn_pdrop");
  const train = presets.micro.train;
  assertThrows(() => validateTrainConfig({ ...train, steps: 0 }), RangeError, "steps is 0");
  assertThrows(
    () => validateTrainConfig({ ...train, learningRate: NaN }),
    RangeError,
    "learningRate",
  );
});
