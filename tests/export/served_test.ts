import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { ArtifactError, readJson, writeJson } from "../../pipeline/lib/base/files.ts";
import {
  chooseServed,
  type Measured,
  type MixtureReport,
  mixtureReport,
  writeServed,
} from "../../pipeline/export/served.ts";
import { modelCard } from "../../pipeline/export/model_card.ts";
import type { ExportReport } from "../../pipeline/export/export.ts";
import { readRunCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { modelFromTensors } from "../../pipeline/lib/gpt/onnx/session.ts";
import { exportedMixture } from "../../worker/host/build.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";
import { writeTinyCalibration } from "../helpers/tiny_calibration.ts";

Deno.test(
  "what calibrate chose is carried, unless it gives single patients away or is not wanted",
  inFolder(async (root) => {
    const paths = workspace(root), run = paths.run("latest");
    await writeTinyRun(run.root);
    const choose = (flags: { noMixture?: boolean; acceptedRisk?: string } = {}) =>
      chooseServed(paths, "latest", { noMixture: false, acceptedRisk: undefined, ...flags });
    const without = await choose();
    assertEquals(without.file, undefined);
    assert("leftOut" in without.mixture);
    assertStringIncludes(
      without.mixture.leftOut,
      `calibration.json does not exist; "deno task calibrate --data ${root}" fits one`,
    );

    const file = await writeTinyCalibration(paths, "latest");
    const chosen = await choose();
    assertEquals(chosen.file, file);
    assert("mixture" in chosen.mixture);

    const alone = await choose({ noMixture: true });
    assertEquals(alone.file!.served, {
      system: "GPT",
      kind: "gpt",
      minConfidence: 0.4,
      why: "--no-mixture was given",
    });
    assertEquals(alone.mixture, { leftOut: "--no-mixture was given" });

    const served = { system: "GPT", kind: "gpt", minConfidence: 0.4, why: "they do not pay" };
    await writeJson(run.calibration, { ...file, served });
    assertEquals((await choose()).mixture, { leftOut: "they do not pay" });
    await writeJson(run.calibration, { ...file, version: 0 });
    await assertRejects(
      () => choose(),
      ArtifactError,
      'it is of version 0, expected 1; run "deno task calibrate',
    );

    await writeTinyCalibration(paths, "latest", {}, 1);
    await assertRejects(
      () => choose(),
      ArtifactError,
      "phrases of single patients can be read out of",
    );
    assert("mixture" in (await choose({ acceptedRisk: "synthetic notes" })).mixture);
    await Deno.remove(paths.ngram);
    await assertRejects(() => choose(), ArtifactError, "ngram.bin is missing");
  }),
);

Deno.test(
  "the export holds the table as it was hashed, and says what it gives and costs",
  inFolder(async (root) => {
    const place = workspace(root), run = place.run("latest");
    const { config } = await writeTinyRun(run.root);
    const { parameters } = await readRunCheckpoint(run);
    await writeTinyCalibration(place, "latest");
    const systems: Measured[] = [
      {
        name: "word unigram",
        kind: "baseline",
        ours: false,
        bitsPerCharacter: null,
        nextWord: null,
        keystrokes: null,
      },
      {
        name: "GPT + n-grams",
        kind: "gpt+mixture",
        ours: true,
        bitsPerCharacter: { value: 1.25 },
        nextWord: { top1: { value: 0.375 } },
        keystrokes: {
          best: 0.3,
          curve: [{ threshold: 0.2, savings: { value: 0.1 } }, {
            threshold: 0.3,
            savings: { value: 0.4321 },
          }],
        },
      },
    ];
    const served = await chooseServed(place, "latest", {
      noMixture: false,
      acceptedRisk: undefined,
    });
    const target = join(root, "out");
    await writeServed(target, served);
    const { settings, table } = await exportedMixture(target);
    const { mixture } = served.file!;
    assertEquals(settings, { table: { weights: mixture.table!.weights }, note: mixture.note });
    assertEquals(table, await Deno.readFile(place.ngram));
    assertEquals(await readJson(join(target, "calibration.json"), ""), served.file);

    const model = await modelFromTensors(config, parameters);
    const tokens = Uint16Array.from({ length: 50 }, (_, at) => at * 7 % config.vocab_size);
    const report = await mixtureReport(served, { systems, tokens, model });
    await model.close();
    assert("measured" in report);
    assertEquals(report.measured, [
      { name: "GPT + n-grams", bitsPerCharacter: 1.25, nextWord: 0.375, savings: 0.4321 },
    ]);
    assertGreater(report.microsecondsPerToken.gpt, 0);
    const card = cardOf(report);
    assertStringIncludes(card, "| GPT + n-grams | 1.2500 | 37.5% | 43.2% |");
    assertStringIncludes(card, "| all of them, as served | 1.2000 |");
    assertStringIncludes(card, "5 different patients");
    assertStringIncludes(
      card,
      "Served is GPT + n-grams; a suggestion is shown from confidence 0.2",
    );
    assertStringIncludes(cardOf({ leftOut: "it does not pay" }), "None: it does not pay.");
  }),
);

Deno.test(
  "an export without n-grams stays one; one of an older version is refused",
  inFolder(async (root) => {
    assertEquals(await exportedMixture(root), { settings: null, table: new Uint8Array() });
    await Deno.writeTextFile(join(root, "mixture.json"), "{}");
    await assertRejects(
      () => exportedMixture(root),
      Error,
      'run "deno task calibrate" and "deno task export" again',
    );
  }),
);

function cardOf(mixture: MixtureReport): string {
  const cost = { float32: 1, int8: 1, cost: 0, tokens: 1 };
  const files = [
    "onnx/model.onnx",
    "onnx/model_quantized.onnx",
    "model.safetensors",
  ];
  return modelCard({
    run: "latest",
    step: 1,
    model: { n_layer: 1, n_head: 1, n_embd: 1, n_positions: 1, vocab_size: 1 },
    parameters: 1,
    parity: { prompts: 1, tokens: 1, different: 0, ties: 0, logitDifference: 0 },
    quantization: { keptFloat32: [], onnxruntime: cost, kernels: cost },
    audit: { verdict: "pass", failed: [], checks: [] },
    served: { system: "GPT + n-grams", kind: "gpt+mixture", minConfidence: 0.2, why: "it pays" },
    mixture,
    licences: {},
    runtime: "",
    files: Object.fromEntries(files.map((name) => [name, { bytes: 1, sha256: "" }])),
  } as unknown as ExportReport);
}
