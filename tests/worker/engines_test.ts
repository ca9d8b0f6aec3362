// Both engines in a real workerd: the same suggestions from the same file, and foreign exports.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { sha256File } from "../../pipeline/lib/base/files.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { type EngineName, engines } from "../../worker/src/engine.ts";
import { requireExport } from "../../worker/host/build.ts";
import { type RunningWorker, startWorker } from "../../worker/host/start_worker.ts";
import { startDeno } from "../../worker/host/start_deno.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";
import { writeTrainedExport } from "../helpers/trained_export.ts";
import { huggingFace } from "../tokenize/fixture.ts";

interface Completion {
  text: string;
  confidence: number;
}

async function complete(url: string, body: unknown): Promise<Completion[]> {
  const response = await fetch(`${url}/complete`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assertEquals(response.status, 200);
  return (await response.json()).completions;
}

/** The same export in workerd, once per engine. */
async function startBoth(exportFolder: string): Promise<Record<EngineName, RunningWorker>> {
  const workers = await Promise.all(
    engines.map((engine) => startWorker({ exportFolder, engine, port: 0, rateLimit: 1e6 })),
  );
  return { wasm: workers[0], "onnxruntime-web": workers[1] };
}

/** Carets at every few characters of the corpus, as somebody typing would reach them. */
function carets(count: number): { text: string; session: string }[] {
  const texts = huggingFace.corpus.join("\n");
  const found = [];
  for (let at = 5; found.length < count; at += 3) {
    const session = `text ${Math.floor(at / 200)}`;
    found.push({ text: texts.slice(Math.max(0, at - 180), at), session });
  }
  return found;
}

/**
 * Compares the first suggestion at `count` carets. In int8 activations differ (int16 with a scale
 * per token, uint8 with a scale for all), and so do confidences: where two texts are about as
 * likely, within `tie`, either may be shown.
 */
async function suggestTheSame(
  exportFolder: string,
  { count, tie, mostTies }: { count: number; tie: number; mostTies: number },
): Promise<void> {
  const workers = await startBoth(exportFolder);
  try {
    let shown = 0, ties = 0;
    for (const caret of carets(count)) {
      const body = { ...caret, min_confidence: 0.1, numbers: "always" };
      const [[ours], [theirs]] = await Promise.all(
        engines.map((engine) => complete(workers[engine].url, body)),
      );
      if (ours) shown++;
      if (ours?.text !== theirs?.text) ties++;
      const gap = Math.abs((ours?.confidence ?? 0.1) - (theirs?.confidence ?? 0.1));
      assert(
        gap <= tie,
        `${JSON.stringify(caret.text)}: ${JSON.stringify(ours)} and ${JSON.stringify(theirs)}`,
      );
    }
    assert(shown > count / 5, `only ${shown} suggestions: the comparison says little`);
    assert(ties <= mostTies, `${ties} of ${count} differ`);
  } finally {
    await Promise.all(engines.map((engine) => workers[engine].stop()));
  }
}

Deno.test(
  "both engines suggest the same at 300 carets, weights kept in float32",
  inFolder(async (root) => {
    const { exportFolder } = await writeTinyRun(join(root, "runs", "tiny"));
    await suggestTheSame(exportFolder, { count: 300, tie: 1e-3, mostTies: 0 });
  }),
);

Deno.test(
  "both engines suggest the same at 300 carets of a trained int8 model, but for ties",
  inFolder(async (root) => {
    const exportFolder = await writeTrainedExport(join(root, "runs", "trained"));
    await suggestTheSame(exportFolder, { count: 300, tie: 0.1, mostTies: 15 });
  }),
);

Deno.test(
  "GET /model names the engine, the file and its SHA-256",
  inFolder(async (root) => {
    const { exportFolder } = await writeTinyRun(join(root, "runs", "tiny"));
    const sha256 = await sha256File(join(exportFolder, "onnx", "model_quantized.onnx"));
    const workers = await startBoth(exportFolder);
    try {
      for (const name of engines) {
        const model = await (await fetch(`${workers[name].url}/model`)).json();
        assertEquals([model.engine, model.file, model.sha256], [
          name,
          "onnx/model_quantized.onnx",
          sha256,
        ]);
      }
    } finally {
      await Promise.all(engines.map((engine) => workers[engine].stop()));
    }
  }),
);

const optimum = join(dirname(fromFileUrl(import.meta.url)), "../fixtures/optimum_gpt2");

for (const start of [startWorker, startDeno]) {
  Deno.test(`an export of optimum is served with onnxruntime-web, ${start.name}`, async () => {
    const { ids, greedy } = JSON.parse(
      await Deno.readTextFile(join(optimum, "expected.json")),
    );
    const worker = await start({ exportFolder: optimum, engine: "onnxruntime-web", port: 0 });
    try {
      const response = await fetch(`${worker.url}/v1/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          prompt: "The patient is a woman with pain",
          max_tokens: greedy.length,
          temperature: 0,
        }),
      });
      const { choices, usage } = await response.json();
      assertEquals(usage.prompt_tokens, ids.length - 1);
      const tokenizer = await tokenizerOf(optimum);
      assertEquals(choices[0].text, tokenizer.decode(greedy));
    } finally {
      await worker.stop();
    }
  });
}

Deno.test("an export of optimum is not taken for ours, and the remedy is named", async () => {
  await assertRejects(
    () => requireExport(optimum, "wasm"),
    Error,
    "onnx/model_quantized.onnx; run",
  );
});

const tokenizerOf = async (folder: string) =>
  createTokenizer(JSON.parse(await Deno.readTextFile(join(folder, "tokenizer.json"))));
