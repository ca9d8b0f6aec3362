/**
 * `deno task bench serve`: a real workerd with a nano-size int8 model, as clinicians would use it,
 * beside the same decoding on native ONNX Runtime. Other work on the machine shows in every figure:
 * the ratio of the two engines, taken in turn, says more than either.
 */

import { join } from "@std/path";
import { workspace, writeJson } from "../../../pipeline/artifacts.ts";
import { bytes, defineTask, Progress } from "../../../pipeline/cli.ts";
import { Decoder } from "../../../pipeline/decode/decoder.ts";
import { createTokenizer } from "../../../pipeline/decode/tokenizer.ts";
import { loadRuntime } from "../../../pipeline/onnx/runtime.ts";
import { modelFromGraph } from "../../../pipeline/onnx/session.ts";
import { assemble } from "../../../worker/build.ts";
import { type RunningWorker, startWorker } from "../../../worker/start_worker.ts";
import { syntheticNotes, writeNanoExport } from "./nano_run.ts";
import { type Answered, asker, quantile, typeOneByOne, typeTogether } from "./typist.ts";

/** Where typing starts: far enough into a note that the context is full. */
const CARET = 1500;

export const task = defineTask({
  name: "bench serve",
  summary: "Measures the worker: decoding, keystrokes, eight typists, start, size, memory.",
  flags: {
    run: {
      type: "string",
      placeholder: "NAME",
      help: "an exported run; default an untrained nano",
    },
    rounds: { type: "integer", default: 5, min: 1, help: "turns of each engine" },
    tokens: { type: "integer", default: 64, min: 1, max: 256, help: "tokens decoded in a turn" },
    keys: { type: "integer", default: 200, min: 1, help: "keystrokes of the single typist" },
    seconds: { type: "integer", default: 30, min: 1, help: "time of the eight typists" },
  },
  async run({ data, run, rounds, tokens, keys, seconds }) {
    const temporary = await Deno.makeTempDir();
    try {
      const exportFolder = run === undefined
        ? await writeNanoExport(temporary)
        : workspace(data).run(run).export;
      const report = {
        model: run ?? "untrained nano",
        cores: navigator.hardwareConcurrency,
        bundle: await bundleSize(exportFolder, temporary),
        ...await measureWorker(exportFolder, { rounds, tokens, keys, seconds }),
      };
      await writeJson(join(workspace(data).root, "reports", "bench", "serve.json"), report);
      print(report);
    } finally {
      await Deno.remove(temporary, { recursive: true });
    }
  },
});

interface Sizes {
  rounds: number;
  tokens: number;
  keys: number;
  seconds: number;
}

async function measureWorker(exportFolder: string, { rounds, tokens, keys, seconds }: Sizes) {
  const cold = await coldStart(exportFolder);
  const notes = (await syntheticNotes(40, 2)).filter(({ length }) => length > CARET + 600);
  const { worker } = cold;
  try {
    const decode = await compareDecoding(worker, exportFolder, notes[0], rounds, tokens);
    const ask = asker(worker.url, 4);
    const single = await typeOneByOne(ask, notes[0], CARET, keys);
    const together = await typeTogether(ask, notes.slice(0, 8), CARET, seconds);
    return {
      cold_ms: cold.milliseconds,
      decode,
      keystroke: summary(single),
      eight_typists: summary(together),
      workerd_resident_bytes: await residentBytes(),
    };
  } finally {
    await worker.stop();
  }
}

/** Bytes of everything that is deployed. */
async function bundleSize(exportFolder: string, folder: string) {
  await assemble(exportFolder, folder);
  let raw = 0, gzip = 0;
  for await (const { name } of Deno.readDir(join(folder, "build"))) {
    const content = await Deno.readFile(join(folder, "build", name));
    const stream = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
    raw += content.length;
    gzip += (await new Response(stream).arrayBuffer()).byteLength;
  }
  return { raw, gzip };
}

/** A fresh worker, and how long its first /readyz took: the time of loading the session. */
async function coldStart(exportFolder: string) {
  // All typists are the same caller here: its limit must not be what is measured.
  const worker = await startWorker({ exportFolder, port: 0, rateLimit: 1_000_000 });
  return { worker, milliseconds: worker.loadMilliseconds };
}

/** Milliseconds per token of greedy decoding, in workerd and natively, in turn. */
async function compareDecoding(
  worker: RunningWorker,
  exportFolder: string,
  note: string,
  rounds: number,
  tokens: number,
) {
  const read = async (file: string) =>
    JSON.parse(await Deno.readTextFile(join(exportFolder, file)));
  const model = await modelFromGraph(
    await read("config.json"),
    await Deno.readFile(join(exportFolder, "onnx", "model_quantized.onnx")),
    await loadRuntime({ threads: 1 }),
  );
  const decoder = new Decoder(model, createTokenizer(await read("tokenizer.json")));
  const progress = new Progress("decode", rounds, "rounds");
  const workerd: number[] = [], native: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const prompt = note.slice(0, 300 + round);
    // The first token of each pays for the prompt: taken apart by asking for one token first.
    workerd.push(await perToken((count) => askTokens(worker.url, prompt, count), tokens));
    native.push(
      await perToken(async (count) => {
        let made = 0;
        const options = { maxTokens: count, temperature: 0 };
        for await (const _ of decoder.generate(prompt, options)) made++;
        return made;
      }, tokens),
    );
    progress.update(round + 1);
  }
  progress.finish(`${rounds} rounds`);
  await model.close();
  const [edge, local] = [quantile(workerd, 0.5), quantile(native, 0.5)];
  return {
    workerd_ms: edge,
    native_ms: local,
    ratio: edge / local,
    best_workerd_ms: Math.min(...workerd),
  };
}

async function perToken(decode: (count: number) => Promise<number>, tokens: number) {
  await decode(1);
  const started = performance.now();
  const made = await decode(tokens);
  return (performance.now() - started) / made;
}

async function askTokens(url: string, prompt: string, max_tokens: number): Promise<number> {
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt, max_tokens, temperature: 0 }),
  });
  return (await response.json()).usage.completion_tokens;
}

function summary(answers: Answered[]) {
  const answered = answers.filter(({ status }) => status === 200);
  const times = answered.map(({ milliseconds }) => milliseconds);
  return {
    requests: answers.length,
    superseded: answers.filter(({ status }) => status === 409).length,
    errors: answers.filter(({ status }) => status !== 200 && status !== 409).length,
    p50_ms: quantile(times, 0.5),
    p95_ms: quantile(times, 0.95),
    computed_tokens_mean: answered.reduce((sum, { computed }) => sum + computed, 0) /
      answered.length,
  };
}

/** Resident memory of the largest workerd process, where the system tells. */
async function residentBytes(): Promise<number | null> {
  let largest: number | null = null;
  if (Deno.build.os !== "linux") return largest;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const status = await Deno.readTextFile(`/proc/${name}/status`).catch(() => "");
    if (!/^Name:\s+workerd$/m.test(status)) continue;
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    largest = Math.max(largest ?? 0, 1024 * kilobytes);
  }
  return largest;
}

// deno-lint-ignore no-explicit-any
function print({ model, cores, bundle, cold_ms, decode, ...rest }: any): void {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const typing = ({ p50_ms, p95_ms, requests, errors, superseded }: ReturnType<typeof summary>) =>
    `p50 ${ms(p50_ms)}, p95 ${
      ms(p95_ms)
    } of ${requests} (${superseded} superseded, ${errors} errors)`;
  console.log(`${model}, int8, ${cores} cores

one token, workerd        ${ms(decode.workerd_ms)} (best ${ms(decode.best_workerd_ms)})
one token, native         ${ms(decode.native_ms)}; workerd takes ${
    decode.ratio.toFixed(2)
  } times as long
first request, session    ${ms(cold_ms)}
one typist, a keystroke   ${typing(rest.keystroke)}
eight typists             ${typing(rest.eight_typists)}
workerd, resident         ${
    rest.workerd_resident_bytes === null ? "?" : bytes(rest.workerd_resident_bytes)
  }
bundle                    ${bytes(bundle.raw)}, ${bytes(bundle.gzip)} gzip`);
}
