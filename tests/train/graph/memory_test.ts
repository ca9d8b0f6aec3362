import { assertEquals } from "@std/assert";
import { presets } from "../../../pipeline/lib/gpt/config.ts";
import {
  ACTIVATION_BUDGET,
  activationBytes,
  maskBytes,
  sequencesPerRun,
} from "../../../pipeline/train/graph/memory.ts";

const nano = { ...presets.nano.model, vocab_size: 2048 };

Deno.test("a batch that fits is done at once, a larger one in equal parts", () => {
  const one = activationBytes(nano, 1);
  assertEquals(sequencesPerRun(nano, 12, 12 * one), 12);
  assertEquals(sequencesPerRun(nano, 12, 11 * one), 6);
  assertEquals(sequencesPerRun(nano, 12, 4.5 * one), 4);
  assertEquals(sequencesPerRun(nano, 7, 6 * one), 1);
  assertEquals(sequencesPerRun(nano, 5, 0), 1);
});

Deno.test("the nano preset's batch of 64 is done by eights", () => {
  assertEquals(sequencesPerRun(nano, presets.nano.train.batchSize, ACTIVATION_BUDGET), 8);
});

Deno.test("masks have a byte for each value that may be dropped", () => {
  assertEquals(maskBytes({ ...nano, embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 }, 8), 0);
  assertEquals(maskBytes({ ...nano, attn_pdrop: 0, resid_pdrop: 0 }, 8), 8 * 256 * 384);
});
