import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { ArtifactError, exists, readJson, writeJson } from "../../pipeline/lib/base/files.ts";
import {
  chooseMixture,
  type MixtureReport,
  mixtureReport,
  writeMixture,
} from "../../pipeline/export/mixture.ts";
import { modelCard } from "../../pipeline/export/model_card.ts";
import type { Measured } from "../../pipeline/export/evidence.ts";
import type { ExportReport } from "../../pipeline/export/export.ts";
import { readRunCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { modelFromTensors } from "../../pipeline/lib/gpt/onnx/session.ts";
import { exportedMixture } from "../../worker/host/build.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";
import { writeTinyMixture } from "../helpers/tiny_mixture.ts";

const bits = { notes: 4, gpt: 1.5, table: 1.6, gptAndTable: 1.499, gptAndNote: 1.5 };

Deno.test(
  "a mixture is carried if it fits, pays, is small and gives no single patient away",
  inFolder(async (root) => {
    const place = workspace(root), run = place.run("latest");
    await writeTinyRun(run.root);
    const { folder } = await readRunCheckpoint(run);
    const choose = (risk?: string) => chooseMixture(run, folder, place.ngram, risk);
    const leftOut = async () => {
      const choice = await choose();
      assert("leftOut" in choice, "the mixture is carried");
      return choice.leftOut;
    };
    assertStringIncludes(await leftOut(), 'mixture.json does not exist; "deno task eval" fits one');

    const file = await writeTinyMixture(run.root, place.ngram);
    const chosen = await choose();
    assert("file" in chosen);
    assertEquals(chosen.file, file);

    await writeJson(run.mixture, { ...file, validation: { ...bits, mixture: 1.499 } });
    assertStringIncludes(await leftOut(), "it does not pay: 1.499 bits per character");
    await writeJson(run.mixture, { ...file, table: { ...file.table, bytes: 17e6 } });
    assertStringIncludes(await leftOut(), "its n-gram table has 17.0 MB, expected at most 16.0 MB");
    await writeJson(run.mixture, { ...file, checkpoint: "another" });
    assertStringIncludes(await leftOut(), "another checkpoint");
    await writeJson(run.mixture, { ...file, version: 1 });
    assertStringIncludes(await leftOut(), "has version 1, expected 2");

    await writeTinyMixture(run.root, place.ngram, {}, 1);
    await assertRejects(
      () => choose(),
      ArtifactError,
      "phrases of single patients can be read out of",
    );
    assert("file" in await choose("synthetic notes"));
  }),
);

Deno.test(
  "the export holds the table as it was hashed, and says what it gives and costs",
  inFolder(async (root) => {
    const place = workspace(root), run = place.run("latest");
    const { config } = await writeTinyRun(run.root);
    const { folder, parameters } = await readRunCheckpoint(run);
    await writeTinyMixture(run.root, place.ngram);
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
    const opened = await chooseMixture(run, folder, place.ngram, undefined);
    assert("file" in opened);
    const target = join(root, "out");
    await writeMixture(target, opened);
    const { file, table } = await exportedMixture(target);
    assertEquals(file, opened.file);
    assertEquals(table, await Deno.readFile(place.ngram));
    assertEquals(await readJson(join(target, "mixture.json"), ""), opened.file);

    const model = await modelFromTensors(config, parameters);
    const tokens = Uint16Array.from({ length: 50 }, (_, at) => at * 7 % config.vocab_size);
    const report = await mixtureReport(opened, { systems, tokens, model });
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
    assertStringIncludes(cardOf({ leftOut: "it does not pay" }), "None: it does not pay.");
  }),
);

Deno.test(
  "an export without n-grams stays one",
  inFolder(async (root) => {
    assertEquals(await exportedMixture(root), { file: null, table: new Uint8Array() });
    assertEquals(await exists(join(root, "mixture.json")), false);
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
    audit: { verdict: "pass", failed: [] },
    mixture,
    runtime: "",
    files: Object.fromEntries(files.map((name) => [name, { bytes: 1, sha256: "" }])),
  } as unknown as ExportReport);
}
