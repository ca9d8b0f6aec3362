/**
 * `deno task bench serve`: a real workerd with a nano-size int8 model, as clinicians would use it,
 * with either engine, beside the same decoding on native ONNX Runtime; then under hostile requests.
 * Other work on the machine shows in every figure: the ratio of the engines, taken in turn, says more
 * than either. Every wait has a limit, and a benchmark that is ended takes its workerd along.
 */

import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { bytes, defineTask, Progress } from "../../../pipeline/lib/base/cli.ts";
import { Decoder } from "../../../pipeline/lib/gpt/decode/decoder.ts";
import { createTokenizer } from "../../../pipeline/lib/gpt/decode/tokenizer.ts";
import { loadRuntime } from "../../../pipeline/lib/gpt/onnx/runtime.ts";
import { modelFromGraph } from "../../../pipeline/lib/gpt/onnx/session.ts";
import { assemble, MODEL_FILE } from "../../../worker/host/build.ts";
import { type EngineName, engines } from "../../../worker/src/engine.ts";
import {
  availablePort,
  type RunningWorker,
  startWorker,
} from "../../../worker/host/start_worker.ts";
import { fuzz, leaked } from "../../helpers/hostile_requests.ts";
import { quantile } from "../../helpers/quantile.ts";
import { heapUsage, residentBytes } from "./memory.ts";
import { syntheticNotes, writeNanoExport } from "./nano_run.ts";
import { type Answered, asker, PATIENCE_MS, typeOneByOne, typeTogether } from "./typist.ts";

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
    endWithSignals();
    const temporary = await Deno.makeTempDir();
    try {
      const exportFolder = run === undefined
        ? await writeNanoExport(temporary)
        : workspace(data).run(run).export;
      const report = await measure(run ?? "untrained nano", exportFolder, sizes);
      await writeJson(join(workspace(data).root, "reports", "bench", "serve.json"), report);
      print(report);
    } finally {
      await Deno.remove(temporary, { recursive: true });
    }
  },
});

/** On exit, which a signal alone is not, `startWorker` ends its workerd. */
export function endWithSignals(): void {
  Deno.addSignalListener("SIGINT", () => Deno.exit(130));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => Deno.exit(143));
}

/** serve.json, which `deno task report` reads as well: the default engine, and the other beside it. */
export type ServeReport = Awaited<ReturnType<typeof measure>>;

async function measure(model: string, exportFolder: string, sizes: Sizes) {
  const decode = await compareDecoding(exportFolder, (await longNotes())[0], sizes);
  return {
    model,
    cores: navigator.hardwareConcurrency,
    decode,
    ...await measureEngine("wasm", exportFolder, sizes),
    onnxruntime_web: await measureEngine("onnxruntime-web", exportFolder, sizes),
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

type EngineReport = Awaited<ReturnType<typeof measureEngine>>;

async function measureEngine(engine: EngineName, exportFolder: string, sizes: Sizes) {
  return {
    bundle: await bundleSize(engine, exportFolder),
    ...await measureWorker(engine, exportFolder, sizes),
    memory: await measureMemory(engine, exportFolder),
  };
}

async function measureWorker(engine: EngineName, exportFolder: string, sizes: Sizes) {
  const { keys, seconds, typists } = sizes;
  const notes = await longNotes();
  const printed: string[] = [];
  const worker = await startWorker({
    exportFolder,
    engine,
    port: 0,
    rateLimit: UNLIMITED,
    onLog: (line) => printed.push(line),
  });
  try {
    const ask = asker(worker.url, 4);
    const single = await typeOneByOne(ask, notes[0], CARET, keys);
    const together = await typeTogether(ask, notes.slice(0, typists), CARET, seconds);
    return {
      cold_ms: worker.loadMilliseconds,
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
  const send = (request: Request) => fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const { statuses, leaks } = await fuzz(count, worker.url, send, (n) => progress.update(n));
  const ready = await fetch(`${worker.url}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  await ready.body?.cancel();
  progress.finish(`${count} requests`);
  return {
    requests: count,
    server_errors: [...statuses].reduce((sum, [status, n]) => sum + (status >= 500 ? n : 0), 0),
    leaks: leaks.length,
    printed_lines: printed.length,
    printed_leaks: leaked(printed).length,
    alive: ready.ok,
  };
}

/** What eight texts leave in an isolate; `null` where its inspector does not answer. */
async function measureMemory(engine: EngineName, exportFolder: string) {
  const inspectorPort = availablePort(0);
  const worker = await startWorker({
    exportFolder,
    engine,
    port: 0,
    rateLimit: UNLIMITED,
    inspectorPort,
  });
  try {
    const ask = asker(worker.url, 4);
    for (const [session, note] of (await longNotes()).slice(0, 8).entries()) {
      for (let key = 0; key < 40; key++) await ask(note.slice(0, CARET + key), `memory ${session}`);
    }
    const usage = await heapUsage(worker.url, inspectorPort).catch((error) => {
      console.error(`warning: the memory was not measured: ${error.message}`);
      return null;
    });
    return { ...usage, workerd_resident: await residentBytes() };
  } finally {
    await worker.stop();
  }
}

/** Bytes of everything that is deployed. */
async function bundleSize(engine: EngineName, exportFolder: string) {
  const folder = await Deno.makeTempDir();
  try {
    await assemble(exportFolder, folder, { engine });
    let raw = 0, gzip = 0;
    for await (const { name } of Deno.readDir(join(folder, "build"))) {
      const content = await Deno.readFile(join(folder, "build", name));
      const stream = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
      raw += content.length;
      gzip += (await new Response(stream).arrayBuffer()).byteLength;
    }
    return { raw, gzip };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Milliseconds per token of greedy decoding: both engines in workerd, and natively, in turn. */
async function compareDecoding(exportFolder: string, note: string, sizes: Sizes) {
  const { rounds, tokens } = sizes;
  const read = async (file: string) =>
    JSON.parse(await Deno.readTextFile(join(exportFolder, file)));
  const model = await modelFromGraph(
    await read("config.json"),
    await Deno.readFile(join(exportFolder, MODEL_FILE)),
    await loadRuntime({ threads: 1 }),
  );
  const decoder = new Decoder(model, createTokenizer(await read("tokenizer.json")));
  const workers: RunningWorker[] = [];
  try {
    for (const engine of engines) {
      workers.push(await startWorker({ exportFolder, engine, port: 0, rateLimit: UNLIMITED }));
    }
    const progress = new Progress("decode", rounds, "rounds");
    const times: number[][] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      const prompt = note.slice(0, 300 + round);
      // The first token of each pays for the prompt: taken apart by asking for one token first.
      for (const [i, { url }] of workers.entries()) {
        times[i].push(await perToken((count) => askTokens(url, prompt, count), tokens));
      }
      times[2].push(
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
    const [ours, web, native] = times.map((values) => quantile(values, 0.5));
    return {
      workerd_ms: ours,
      onnxruntime_web_ms: web,
      native_ms: native,
      ratio: ours / native,
      times_onnxruntime_web: web / ours,
      best_workerd_ms: Math.min(...times[0]),
    };
  } finally {
    for (const worker of workers) await worker.stop();
    await model.close();
  }
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
    signal: AbortSignal.timeout(PATIENCE_MS),
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
  const { model, cores, decode } = report;
  const both: EngineReport[] = [report, report.onnxruntime_web];
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const typing = ({ p50_ms, p95_ms, requests, errors, superseded }: ReturnType<typeof summary>) =>
    `p50 ${ms(p50_ms)}, p95 ${
      ms(p95_ms)
    } of ${requests} (${superseded} superseded, ${errors} errors)`;
  const rows: [string, (engine: EngineReport) => string][] = [
    ["ready after", ({ cold_ms }) => ms(cold_ms)],
    ["one typist, a keystroke", ({ keystroke }) => typing(keystroke)],
    [`${report.typists} typists`, ({ typists_together }) => typing(typists_together)],
    ["memory of the isolate", ({ memory }) => memoryText(memory)],
    [
      "hostile requests",
      ({ fuzz }) =>
        `${fuzz.requests}: ${fuzz.server_errors} server errors, ${
          fuzz.leaks + fuzz.printed_leaks
        } leaks in answers and ${fuzz.printed_lines} printed lines`,
    ],
    ["bundle", ({ bundle }) => `${bytes(bundle.raw)}, ${bytes(bundle.gzip)} gzip`],
  ];
  console.log(`${model}, int8, ${cores} cores

one token: ${ms(decode.workerd_ms)} with our kernels, ${
    ms(decode.onnxruntime_web_ms)
  } with onnxruntime-web (${decode.times_onnxruntime_web.toFixed(2)} times as long), ${
    ms(decode.native_ms)
  } with native ONNX Runtime
${
    rows.map(([name, text]) =>
      `\n${name}\n  our kernels      ${text(both[0])}\n  onnxruntime-web  ${text(both[1])}`
    ).join("")
  }`);
}

function memoryText({ js_heap, buffers, webassembly }: EngineReport["memory"]): string {
  if (js_heap === undefined || buffers === undefined || webassembly === undefined) {
    return "not measured";
  }
  return `${bytes(js_heap + buffers + webassembly)}: ${bytes(webassembly)} WebAssembly, ${
    bytes(buffers)
  } buffers, ${bytes(js_heap)} JavaScript`;
}
