import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { join } from "@std/path";
import { readTokens, tokenHeader, workspace } from "../../pipeline/artifacts.ts";
import { ArtifactError, exists, readJson, writeAtomic } from "../../pipeline/lib/base/files.ts";
import type { GptConfig } from "../../pipeline/lib/gpt/config.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { exportRun } from "../../pipeline/export/export.ts";
import { checkQuantization } from "../../pipeline/export/gates.ts";
import { readCheckpoint, writeCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { decoderGraph } from "../../pipeline/lib/gpt/onnx/decoder_graph.ts";
import { int8Weights, quantizableLayers } from "../../pipeline/lib/gpt/onnx/int8_weights.ts";
import { loadRuntime } from "../../pipeline/lib/gpt/onnx/runtime.ts";
import { scorerFromWeights } from "../../pipeline/lib/gpt/onnx/scorer.ts";
import { modelFromGraph, modelFromTensors } from "../../pipeline/lib/gpt/onnx/session.ts";
import { createCpuEngine } from "../../pipeline/train/cpu_engine.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";

const readGraph = (root: string, name: string) =>
  Deno.readFile(join(workspace(root).run("latest").export, "onnx", name));

const audit = { verdict: "pass" as const, failed: [], checks: [] };
const served = { mixture: { leftOut: "there is none" } };
const options = {
  prompts: 12,
  evalTokens: 1024,
  audit,
  served,
  read: {},
  systems: [],
};

/** Greedy continuation of `start` by what is fed. */
async function greedy(
  next: (tokens: number[]) => Promise<Float32Array>,
  start: number[],
  length: number,
): Promise<number[]> {
  const tokens = [...start];
  while (tokens.length < length) {
    const logits = await next(tokens);
    tokens.push(logits.indexOf(Math.max(...logits)));
  }
  return tokens;
}

/** A workspace with a tiny run "latest" whose own text, which it finds likely, is the test split. */
async function tinyWorkspace(root: string): Promise<GptConfig> {
  const place = workspace(root), run = place.run("latest");
  const { config } = await writeTinyRun(run.root, { initializer_range: 0.3 });
  await Deno.remove(run.export, { recursive: true });
  const { parameters } = await readCheckpoint(run.last);
  const model = await modelFromTensors(config, parameters);
  const tokens: number[] = [];
  for (let document = 0; document < 20; document++) {
    const next = async (tokens: number[]) => (await model.feed(tokens)).logits;
    tokens.push(...await greedy(next, [0, 1 + document * 7], config.n_positions));
  }
  await model.close();
  const words = Uint16Array.from(tokens);
  const bytes = new Uint8Array(1024 + words.byteLength);
  bytes.set(tokenHeader(words.length));
  bytes.set(new Uint8Array(words.buffer), 1024);
  for (const split of ["val", "test"] as const) await writeAtomic(place.tokens(split), bytes);
  return config;
}

Deno.test(
  "an export holds the promised files and what was measured",
  inFolder(async (root) => {
    const config = await tinyWorkspace(root);
    const report = await exportRun(root, "latest", options);
    const folder = workspace(root).run("latest").export;
    for (const [name, { bytes }] of Object.entries(report.files)) {
      assertEquals((await Deno.stat(join(folder, name))).size, bytes, name);
    }
    assertEquals(
      await readJson(join(folder, "export.json"), ""),
      JSON.parse(JSON.stringify(report)),
    );
    const { onnxruntime, kernels } = report.quantization;
    assertEquals(report.parity.different, 0);
    assertEquals(report.parity.tokens, options.prompts * 33);
    assertLess(report.parity.logitDifference, 1e-4);
    for (const { tokens, int8, float32, cost } of [onnxruntime, kernels]) {
      assertEquals(tokens, 16 * config.n_positions);
      assert(int8 !== float32);
      assertLess(Math.abs(cost), 0.01);
    }
    const card = await Deno.readTextFile(join(folder, "README.md"));
    assertMatch(
      card,
      new RegExp(`at is fed together \\| ${onnxruntime.float32.toFixed(4)}`),
    );
    assertEquals(
      [...Deno.readDirSync(workspace(root).run("latest").root)].filter(({ name }) =>
        name.endsWith(".tmp")
      ),
      [],
    );
  }),
);

Deno.test(
  "the float32 graph continues as the training engine does",
  inFolder(async (root) => {
    const config = await tinyWorkspace(root);
    await exportRun(root, "latest", options);
    const run = workspace(root).run("latest");
    const { parameters } = await readCheckpoint(run.last);
    const engine = await createCpuEngine({
      model: config,
      parameters,
      train: {
        batchSize: 1,
        beta1: 0.9,
        beta2: 0.95,
        adamEpsilon: 1e-8,
        weightDecay: 0,
        maxGradNorm: 1,
        seed: 1,
      },
    });
    const byEngine = async (tokens: number[]) => {
      const inputs = new Int32Array(config.n_positions);
      inputs.set(tokens);
      const logits = await engine.logits(inputs);
      return logits.slice(
        (tokens.length - 1) * config.vocab_size,
        tokens.length * config.vocab_size,
      );
    };
    const model = await modelFromGraph(config, await readGraph(root, "model.onnx"));
    const byGraph = async (tokens: number[]) => (await model.feed(tokens)).logits;
    for (const start of [[0, 5, 9], [0, 77], [0, 300, 12, 13]]) {
      assertEquals(
        await greedy(byGraph, start, config.n_positions),
        await greedy(byEngine, start, config.n_positions),
      );
    }
    await model.close();
    await engine.close();
  }),
);

/**
 * Makes one channel of a norm a thousand times as large as the others, and the next layer ignore it:
 * nothing to float32, but an int8 activation with one scale has no bits left for the others.
 */
async function addOutliers(folder: string, layers: [norm: string, linear: string][]) {
  const checkpoint = await readCheckpoint(folder);
  const { config, parameters } = checkpoint;
  for (const [norm, linear] of layers) {
    parameters.get(`${norm}.weight`)![0] *= 1000;
    const weight = parameters.get(`${linear}.weight`)!;
    weight.fill(0, 0, weight.length / config.n_embd);
  }
  await writeCheckpoint(folder, checkpoint);
}

/** Gives every output of a layer one large weight, for an input that is always zero. */
async function addLargeWeights(folder: string, [norm, linear]: [norm: string, linear: string]) {
  const checkpoint = await readCheckpoint(folder);
  const { config, parameters } = checkpoint;
  for (const part of ["weight", "bias"]) parameters.get(`${norm}.${part}`)![0] = 0;
  const weight = parameters.get(`${linear}.weight`)!;
  weight.fill(1000, 0, weight.length / config.n_embd);
  await writeCheckpoint(folder, checkpoint);
}

Deno.test(
  "a layer that int8 ruins stays float32",
  inFolder(async (root) => {
    await tinyWorkspace(root);
    const run = workspace(root).run("latest");
    await addOutliers(run.last, [["h.0.ln_2", "h.0.mlp.c_fc"]]);
    const { quantization: activations } = await exportRun(root, "latest", options);
    assertEquals(activations.keptFloat32[0], "h.0.mlp.c_fc");
    assertLess(activations.onnxruntime.cost, 0.01);

    await addLargeWeights(run.last, ["h.1.ln_1", "h.1.attn.c_attn"]);
    const { quantization: weights } = await exportRun(root, "latest", options);
    assert(weights.keptFloat32.includes("h.1.attn.c_attn"));
    assertLess(weights.onnxruntime.cost, 0.01);
    assertLess(weights.kernels.cost, 0.01);
  }),
);

Deno.test(
  "int8 that costs too much with either engine does not pass",
  inFolder(async (root) => {
    const config = await tinyWorkspace(root);
    const run = workspace(root).run("latest");
    const check = async (keep: string[]) => {
      const checkpoint = await readCheckpoint(run.last), kept = new Set(keep);
      const { parameters } = checkpoint;
      const file = decoderGraph(config, (g) => int8Weights(g, config, parameters, kept));
      return await checkQuantization(checkpoint, file, kept, {
        tokens: await readTokens(workspace(root).tokens("test")),
        limit: options.evalTokens,
        tokenizer: createTokenizer(await readJson(run.tokenizer, "")),
        runtime: await loadRuntime(),
      });
    };
    await addOutliers(run.last, [["h.0.ln_2", "h.0.mlp.c_fc"], ["h.1.ln_1", "h.1.attn.c_attn"]]);
    await assertRejects(() => check([]), ArtifactError, "bits per character with ONNX Runtime");
    const all = quantizableLayers(config);
    const { onnxruntime, kernels } = await check(all);
    assertLess(Math.abs(onnxruntime.cost), 1e-6);
    assertLess(Math.abs(kernels.cost), 1e-6);
    // Without outliers among the activations our kernels lose what the weights lose.
    const coarse = all.filter((layer) => layer !== "h.0.attn.c_attn");
    await addLargeWeights(run.last, ["h.0.ln_1", "h.0.attn.c_attn"]);
    await assertRejects(() => check(coarse), ArtifactError, "Cannot export: int8 costs");
  }),
);

Deno.test(
  "the int8 graph behind a cache says what it says of a whole sequence",
  inFolder(async (root) => {
    const config = await tinyWorkspace(root);
    const { quantization } = await exportRun(root, "latest", options);
    const { parameters } = await readCheckpoint(workspace(root).run("latest").last);
    const runtime = await loadRuntime();
    const model = await modelFromGraph(
      config,
      await readGraph(root, "model_quantized.onnx"),
      runtime,
    );
    const tokens = [0, 5, 300, 12, 13, 40, 41, 7];
    const kept = new Set(quantization.keptFloat32);
    const scorer = await scorerFromWeights(
      config,
      (g) => int8Weights(g, config, parameters, kept),
      runtime,
    );
    const inputs = Int32Array.from(tokens);
    const { logits } = await model.feed(tokens);
    const highest = Math.max(...logits), last = tokens.length - 1;
    const targets = inputs.with(last, logits.indexOf(highest));
    const whole = await scorer.score(inputs, targets, tokens.length);
    const normalizer = highest +
      Math.log(logits.reduce((sum, x) => sum + Math.exp(x - highest), 0));
    assertAlmostEquals(highest - normalizer, whole.logProbabilities[last], 1e-4);
    await model.close();
    await scorer.close();
  }),
);

Deno.test(
  "a checkpoint with a NaN is not exported: what was there before stays, or nothing",
  inFolder(async (root) => {
    await tinyWorkspace(root);
    const run = workspace(root).run("latest");
    const before = await exportRun(root, "latest", options);
    const checkpoint = await readCheckpoint(run.last);
    checkpoint.parameters.get("h.0.mlp.c_fc.bias")![0] = NaN;
    await writeCheckpoint(run.last, checkpoint);
    await assertRejects(
      () => exportRun(root, "latest", options),
      ArtifactError,
      "logits differ by up to NaN",
    );
    assertEquals(
      await readJson(join(run.export, "export.json"), ""),
      JSON.parse(JSON.stringify(before)),
    );
    await Deno.remove(run.export, { recursive: true });
    await assertRejects(() => exportRun(root, "latest", options), ArtifactError, "Cannot export");
    assertEquals(await exists(run.export), false);
  }),
);

Deno.test(
  "what is missing is named with the command that makes it",
  inFolder(async (root) => {
    await assertRejects(
      () => exportRun(root, "latest", options),
      ArtifactError,
      'run "deno task train --run latest" first',
    );
    await tinyWorkspace(root);
    await Deno.remove(workspace(root).tokens("test"));
    await assertRejects(
      () => exportRun(root, "latest", options),
      ArtifactError,
      'test.bin; run "deno task tokenize" first',
    );
  }),
);
