import { assertEquals, assertMatch } from "@std/assert";
import { presets, type TrainConfig } from "../../pipeline/lib/gpt/config.ts";
import { parameterCount } from "../../pipeline/lib/gpt/model/parameters.ts";
import { NOTES, planLines } from "../../pipeline/train/plan.ts";
import { flopsPerToken } from "../../pipeline/train/terminal.ts";

const model = { ...presets.micro.model, vocab_size: 300 };
const parameters = parameterCount(model);
const train: TrainConfig = { ...presets.micro.train, steps: 1000 }; // of 4 · 128 tokens
const phase = { name: NOTES, train, tokens: 512_000, done: 0 };

Deno.test("steps, tokens, passes and the time from what the machine can do", () => {
  // A machine that would need 40 s at its best, and so 50 to 100 s.
  const roof = 1000 * 512 * flopsPerToken(model, parameters) / 40;
  assertEquals(planLines(model, parameters, [phase], roof), [
    "notes: 1,000 steps of 512 tokens by adamw, 1.00 passes in all",
    "expected here: 50s to 1m40s, and validations",
  ]);
  const [left, time] = planLines(model, parameters, [{ ...phase, done: 500 }], roof);
  assertMatch(left, /^notes: 500 steps/);
  assertMatch(time, /25s to 50s/);
  const both = planLines(model, parameters, [{ ...phase, name: "public texts" }, phase], null);
  assertEquals(both.length, 2);
});

Deno.test("many passes over notes and few steps are said, with the flag that changes them", () => {
  const often = planLines(model, parameters, [{ ...phase, tokens: 128_000 }], null);
  assertMatch(often[1], /^4\.0 passes over the notes: .*audit.*--tokens/);
  const elsewhere = { ...phase, name: "public texts", tokens: 128_000 };
  assertEquals(planLines(model, parameters, [elsewhere], null).length, 1);
  const few = { ...phase, train: { ...train, steps: 50, batchSize: 32 }, tokens: 1e9 };
  const [, line] = planLines(model, parameters, [few], null);
  assertMatch(
    line,
    /^50 steps are few over the notes: --batch-size 8 makes 200 of the same tokens/,
  );
});
