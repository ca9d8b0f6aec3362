/**
 * `deno task bench serve`: a real workerd with a nano-size int8 model, as clinicians would use it,
 * beside the same decoding on native ONNX Runtime; then under hostile requests. Other work on the
 * machine shows in every figure: the ratio of the two engines, taken in turn, says more than either.
 */

import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { bytes, defineTask, Progress } from "../../../pipeline/lib/base/cli.ts";
import { Decoder } from "../../../pipeline/lib/gpt/decode/decoder.ts";
import { createTokenizer } from "../../../pipeline/lib/gpt/decode/tokenizer.ts";
import { loadRuntime } from "../../../pipeline/lib/gpt/onnx/runtime.ts";
import { modelFromGraph } from "../../../pipeline/lib/gpt/onnx/session.ts";
import { compileKernels } from "../../../pipeline/lib/gpt/wasm/compile.ts";
import { loadWasmModel } from "../../../pipeline/lib/gpt/wasm/model.ts";
import { weightsFromOnnx } from "../../../pipeline/lib/gpt/wasm/weights.ts";
import { assemble, MODEL_FILE } from "../../../worker/host/build.ts";
import { CACHE_BYTES } from "../../../worker/src/engine.ts";
import {
  availablePort,
  type RunningWorker,
  startWorker,
} from "../../../worker/host/start_worker.ts";
import { fuzz, leaked } from "../../helpers/hostile_requests.ts";
import { quantile } from "../../helpers/quantile.ts";
import { heapUsage, residentBytes } from "./memory.ts";
import { syntheticNotes, writeNanoExport } from "./nano_run.ts";
import { type Answered, asker, typeOneByOne, typeTogether } from "./typist.ts";

/** Where typing starts: far enough into a note that the context is full. */
const CARET = 1500;

export const task = defineTask({
  name: "bench serve",
  summary: "Measures the worker: decoding, keystrokes, many typists, start, size, memory, fuzz.",
  flags: {
    run: {
      type: "string",
      placeholder: "NAME",
      help: "an exported run; default an untrained nano",
    },
    rounds: { type: "integer", default: 5, min: 1, help: "turns of each engine" },
    tokens: { type: "integer", default: 64, min: 1, max: 256, help: "tokens decoded in a turn" },
    keys: { type: "integer", default: 200, min: 1, help: "keystrokes of the single typist" },
    seconds: { type: "integer", default: 30, min: 1, help: "time of the typists" },
    typists: { type: "integer", default: 8, min: 1, max: 30, help: "who type at once" },
    fuzz: { type: "integer", default: 10_000, min: 0, help: "hostile requests" },
  },
  async run({ data, run, ...sizes }) {
    const temporary = await Deno.makeTempDir();
    try {
      const exportFolder = run === undefined
        ? await writeNanoExport(temporary)
        : workspace(data).run(run).export;
      const report = await measure(run ?? "untrained nano", exportFolder, temporary, sizes);
      await writeJson(join(workspace(data).root, "reports", "bench", "serve.json"), report);
      print(report);
    } finally {
      await Deno.remove(temporary, { recursive: true });
    }
  },
});

/** serve.json, which `deno task report` reads as well. */
export type ServeReport = Awaited<ReturnType<typeof measure>>;

async function measure(model: string, exportFolder: string, temporary: string, sizes: Sizes) {
  return {
    model,
    cores: navigator.hardwareConcurrency,
    bundle: await bundleSize(exportFolder, temporary),
    ...await measureWorker(exportFolder, sizes),
    memory: await measureMemory(exportFolder),
  };
}

interface Sizes {
  rounds: number;
  tokens: number;
  keys: number;
  seconds: number;
  typists: number;
  fuzz: number;
}

/** All typists are the same caller here: its limit must not be what is measured. */
const UNLIMITED = 1_000_000;

async function measureWorker(exportFolder: string, sizes: Sizes) {
  const { rounds, tokens, keys, seconds, typists } = sizes;
  const notes = await longNotes();
  const printed: string[] = [];
  const worker = await startWorker({
    exportFolder,
    port: 0,
    rateLimit: UNLIMITED,
    onLog: (line) => printed.push(line),
  });
  try {
    const decode = await compareDecoding(worker, exportFolder, notes[0], rounds, tokens);
    const ask = asker(worker.url, 4);
    const single = await typeOneByOne(ask, notes[0], CARET, keys);
    const together = await typeTogether(ask, notes.slice(0, typists), CARET, seconds);
    return {
      cold_ms: worker.loadMilliseconds,
      decode,
      keystroke: summary(single),
      typists,
      typists_together: summary(together),
      fuzz: await fuzzWorker(worker, printed, sizes.fuzz),
    };
  } finally {
    await worker.stop();
  }
}

/** Notes with room to type behind the caret. */
const longNotes = async () =>
  (await syntheticNotes(120, 2)).filter(({ length }) => length > CARET + 600);

/** Hostile requests: what came back, and what was printed since the worker began. */
async function fuzzWorker(worker: RunningWorker, printed: readonly string[], count: number) {
  const progress = new Progress("fuzz", count, "requests");
  const send = (request: Request) => fetch(request);
  const { statuses, leaks } = await fuzz(count, worker.url, send, (n) => progress.update(n));
  const alive = (await fetch(`${worker.url}/readyz`)).ok;
  progress.finish(`${count} requests`);
  return {
    requests: count,
    server_errors: [...statuses].reduce((sum, [status, n]) => sum + (status >= 500 ? n : 0), 0),
    leaks: leaks.length,
    printed_lines: printed.length,
    printed_leaks: leaked(printed).length,
    alive,
  };
}

/**
 * What eight texts leave in an isolate: V8's own account, which leaves out the memory of
 * WebAssembly; that is as large for every model of these sizes.
 */
async function measureMemory(exportFolder: string) {
  const inspectorPort = availablePort(0);
  const worker = await startWorker({
    exportFolder,
    port: 0,
    rateLimit: UNLIMITED,
    inspectorPort,
  });
  try {
    const ask = asker(worker.url, 4);
    for (const [session, note] of (await longNotes()).slice(0, 8).entries()) {
      for (let key = 0; key < 40; key++) await ask(note.slice(0, CARET + key), `memory ${session}`);
    }
    return {
      ...await heapUsage(inspectorPort),
      webassembly: await webAssemblyBytes(exportFolder),
      workerd_resident: await residentBytes(),
    };
  } finally {
    await worker.stop();
  }
}

/** Weights, buffers, keys and values, as the worker lays them out. */
async function webAssemblyBytes(exportFolder: string): Promise<number> {
  const config = JSON.parse(await Deno.readTextFile(join(exportFolder, "config.json")));
  const weights = weightsFromOnnx(await Deno.readFile(join(exportFolder, MODEL_FILE)));
  const kernels = await WebAssembly.compile(await compileKernels());
  return loadWasmModel(kernels, weights, config, { cacheBytes: CACHE_BYTES.wasm }).memoryBytes;
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

function print(report: ServeReport): void {
  const { model, cores, bundle, cold_ms, decode, memory, fuzz, ...rest } = report;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const typing = ({ p50_ms, p95_ms, requests, errors, superseded }: ReturnType<typeof summary>) =>
    `p50 ${ms(p50_ms)}, p95 ${
      ms(p95_ms)
    } of ${requests} (${superseded} superseded, ${errors} errors)`;
  const { js_heap, buffers, webassembly } = memory;
  console.log(`${model}, int8, ${cores} cores

one token, workerd        ${ms(decode.workerd_ms)} (best ${ms(decode.best_workerd_ms)})
one token, native         ${ms(decode.native_ms)}; workerd takes ${
    decode.ratio.toFixed(2)
  } times as long
first request, session    ${ms(cold_ms)}
one typist, a keystroke   ${typing(rest.keystroke)}
${`${rest.typists} typists`.padEnd(25)} ${typing(rest.typists_together)}
memory of the isolate     ${bytes(js_heap + buffers + webassembly)}: ${
    bytes(webassembly)
  } WebAssembly, ${bytes(buffers)} buffers, ${bytes(js_heap)} JavaScript
fuzz                      ${fuzz.requests} requests: ${fuzz.server_errors} server errors, ${
    fuzz.leaks + fuzz.printed_leaks
  } leaks in answers and ${fuzz.printed_lines} printed lines
bundle                    ${bytes(bundle.raw)}, ${bytes(bundle.gzip)} gzip`);
}
