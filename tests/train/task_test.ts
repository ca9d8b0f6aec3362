// `deno task train` from start to end on the CPU engine: what it writes and what it says.

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { readTokens } from "../../pipeline/artifacts.ts";
import { readCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { parameterCount } from "../../pipeline/lib/gpt/model/parameters.ts";
import { bigramBaseline } from "../../pipeline/train/bigram.ts";
import { validationBatches } from "../../pipeline/train/loader.ts";
import { readLog } from "../../pipeline/train/log.ts";
import type { RunConfig } from "../../pipeline/train/run_folder.ts";
import { flopsPerToken } from "../../pipeline/train/terminal.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { entries, tinyFlags, tinyWorkspace, training, writeTokens } from "./tiny_workspace.ts";

const flags = [...tinyFlags(300), "--learning-rate", "0.02"];

Deno.test(
  "a run holds its checkpoints, config, log, curves, samples and tokenizer, and beats the bigrams",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const { code, stdout, stderr } = await training(paths, ...flags);
    assertEquals(code, 0, stderr);
    const run = paths.run("latest");
    assertEquals(await entries(run.root), [
      "best",
      "config.json",
      "curves.svg",
      "last",
      "log.jsonl",
      "samples.txt",
      "tokenizer.json",
      "tokenizer_config.json",
      "train.lock",
    ]);
    assertEquals(await Deno.readFile(run.tokenizer), await Deno.readFile(paths.tokenizer));

    const config: RunConfig = JSON.parse(await Deno.readTextFile(run.config));
    assertEquals([config.model.n_embd, config.train.batchSize, config.preset], [16, 4, "micro"]);
    assertEquals(config.parameters, parameterCount(config.model));
    assertMatch(config.engine, /^CPU, onnxruntime/);
    assertMatch(config.lineage.from["processed/train.bin"], /^[0-9a-f]{64}$/);
    assertEquals(config.data.train.tokens, (await readTokens(paths.tokens("train"))).length);
    const validation = validationBatches(await readTokens(paths.tokens("val")), 128, {
      ...config.train,
      length: config.model.n_positions,
      endOfText: config.endOfText,
      path: "val.bin",
    });
    const tokens = await readTokens(paths.tokens("train"));
    const { loss, k } = bigramBaseline(tokens, validation, config.model.vocab_size);
    assertEquals(config.baseline, { bigram: loss, k });

    const log = await readLog(run.log);
    const steps = log.filter((entry) => entry.kind === "train");
    assertEquals(steps.length, 300);
    const flops = flopsPerToken(config.model, config.parameters);
    for (const { tokensPerSecond, mfu } of steps) {
      assertAlmostEquals(mfu!, tokensPerSecond * flops / config.roof!, 1e-4);
    }
    const first = log[0];
    assert(first.kind === "baseline" && first.loss === loss);
    const { state } = await readCheckpoint(run.best);
    assertLess(state!.bestLoss!, config.baseline.bigram);
    assertStringIncludes(stdout, `validation loss ${state!.bestLoss!.toFixed(4)}`);
    assertStringIncludes(stdout, `baseline of the same tokens ${loss.toFixed(4)}`);
    assertStringIncludes(stdout, `Next: deno task calibrate --data ${root}`);

    const svg = await Deno.readTextFile(run.curves);
    assertStringIncludes(svg, "bigram baseline");
    assertStringIncludes(svg, "validation");
    const samples = await Deno.readTextFile(run.samples);
    assertMatch(samples, /^──── step 300 ────\n[a-z0-9 ]+\n\n$/);
  }),
);

Deno.test(
  "--gpu trains on our own kernels: the losses of the CPU engine, step by step",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const few = [...tinyFlags(4), "--learning-rate", "0.02", "--gradient-accumulation", "2"];
    for (const [run, engine] of [["cpu", []], ["gpu", ["--gpu"]]] as const) {
      const { code, stderr } = await training(paths, "--run", run, ...few, ...engine);
      assertEquals(code, 0, stderr);
    }
    const losses = async (run: string) =>
      (await readLog(paths.run(run).log)).flatMap((entry) =>
        entry.kind === "event" ? [] : [entry.loss]
      );
    const [cpu, gpu] = [await losses("cpu"), await losses("gpu")];
    assertEquals(gpu.length, cpu.length);
    gpu.forEach((loss, i) => assertLess(Math.abs(loss - cpu[i]), 1e-4));
    const config: RunConfig = JSON.parse(await Deno.readTextFile(paths.run("gpu").config));
    assertMatch(config.engine, /^WebGPU, /);
    assertGreater(config.roof!, 1e8);
  }),
);

Deno.test(
  "the chain called twice keeps the first run; a token budget decides the steps",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const budget = ["--tokens", "500", ...tinyFlags(1).slice(2)];
    assertEquals((await training(paths, ...budget)).code, 0);
    const { code, stderr } = await training(paths, ...budget);
    assertEquals(code, 0, stderr);
    const kept = (await entries(paths.runs)).filter((name) => name !== "latest");
    assertEquals(kept.length, 1);
    assertStringIncludes(stderr, `deno task train --resume --run ${kept[0]} --data ${root}`);
    for (const name of ["latest", kept[0]]) {
      assertEquals((await readCheckpoint(paths.run(name).last)).state!.step, 8); // ⌈500 / (4·16)⌉
    }
  }),
);

Deno.test(
  "tokens that are not the tokenizer's are refused before anything is written",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    await writeTokens(paths.tokens("val"), [0, 38, 5]);
    const { code, stderr } = await training(paths, ...flags);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "val.bin: it holds token 38, the tokenizer has only 38");
    assert(!(await entries(root)).includes("runs"));
    assertEquals((await Array.fromAsync(Deno.readDir(join(root, "processed")))).length, 4);
  }),
);
