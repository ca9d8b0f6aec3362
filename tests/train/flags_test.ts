import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type GptConfig,
  presets,
  type TrainConfig,
  withTrainDefaults,
} from "../../pipeline/lib/gpt/config.ts";
import { UsageError } from "../../pipeline/lib/base/cli.ts";
import {
  configFlags,
  overridesOf,
  presetConfig,
  resumedConfig,
} from "../../pipeline/train/flags.ts";

const none = overridesOf({});
const camel = (name: string) => name.replace(/-([a-z])/g, (_, c: string) => c.toUpperCase());

Deno.test("every value of both configs has a flag that sets it", () => {
  const { model, train } = presetConfig("micro", none, 300);
  const fields = [...Object.keys(model), ...Object.keys(train)].filter((f) => f !== "vocab_size");
  const fromFlags = Object.keys(configFlags).flatMap((name) => {
    const overrides = overridesOf({ [camel(name)]: 1 });
    return [...Object.keys(overrides.model), ...Object.keys(overrides.train)];
  });
  assertEquals(fromFlags.toSorted(), fields.toSorted());
});

Deno.test("a preset without flags is the preset", () => {
  const { model, train } = presetConfig("nano", none, 300);
  assertEquals(model, { ...presets.nano.model, vocab_size: 300 });
  assertEquals(train, presets.nano.train);
});

Deno.test("what follows from other values follows, unless it is given", () => {
  const given = overridesOf({ steps: 50, learningRate: 0.01 });
  const { train } = presetConfig("micro", given, 300);
  const { learningRate, minLearningRate } = presets.micro.train;
  assertEquals(train.warmupSteps, 5);
  assertAlmostEquals(train.minLearningRate, 0.01 * minLearningRate / learningRate);
  const all = overridesOf({
    steps: 50,
    learningRate: 0.01,
    minLearningRate: 0.01,
    warmupSteps: 20,
  });
  const explicit = presetConfig("micro", all, 300).train;
  assertEquals([explicit.warmupSteps, explicit.minLearningRate], [20, 0.01]);
});

Deno.test("a budget of tokens becomes the steps that see as many", () => {
  const given = overridesOf({ tokens: 10_000, batchSize: 4, gradientAccumulation: 2 });
  assertEquals(presetConfig("micro", given, 300).train.steps, Math.ceil(10_000 / (4 * 2 * 128)));
  assertThrows(() => overridesOf({ tokens: 1, steps: 1 }), UsageError, "not both");
});

Deno.test("impossible values are refused by name", () => {
  const refused = (flags: Record<string, unknown>) => () =>
    presetConfig("micro", overridesOf(flags), 300);
  assertThrows(refused({ nHead: 3 }), RangeError, "not a multiple of n_head 3");
  assertThrows(refused({ batchSize: 0 }), RangeError, "batchSize is 0");
  assertThrows(refused({ muonMomentum: 1 }), RangeError, "muonMomentum is 1");
});

Deno.test("a run from before there was a choice of optimizer goes on with AdamW", () => {
  const { optimizer: _, muonMomentum: __, ...old } = presets.micro.train;
  const train = withTrainDefaults(old as TrainConfig);
  assertEquals(train, presets.micro.train);
  const model = { ...presets.micro.model, vocab_size: 300 };
  const muon = overridesOf({ optimizer: "muon" });
  assertThrows(() => resumedConfig({ model, train }, muon), RangeError, "the run has adamw");
});

const before: { model: GptConfig; train: TrainConfig } = presetConfig("micro", none, 300);

Deno.test("a run that goes on keeps its config, says what changed, refuses what cannot", () => {
  const same = resumedConfig(before, none);
  assertEquals(same, { ...before, changes: [] });
  const longer = resumedConfig(before, overridesOf({ steps: before.train.steps + 1 }));
  assertEquals(longer.train, { ...before.train, steps: before.train.steps + 1 });
  assertEquals(longer.changes.length, 1);
  assertEquals(resumedConfig(before, overridesOf({ nEmbd: before.model.n_embd })).changes, []);
  for (const flags of [{ nEmbd: 64 }, { batchSize: 1 }, { seed: 9 }, { windowing: "document" }]) {
    const error = assertThrows(() => resumedConfig(before, overridesOf(flags)), RangeError);
    assert(/another (n_embd|batchSize|seed|windowing)/.test((error as Error).message));
  }
});
