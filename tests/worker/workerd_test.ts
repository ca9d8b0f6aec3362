// A real workerd with a really exported model, and the same app on plain Deno.

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { Decoder } from "../../pipeline/lib/gpt/decode/decoder.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { readRunCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { runPaths, workspace } from "../../pipeline/artifacts.ts";
import { createMixture } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { exportedMixture } from "../../worker/host/build.ts";
import { modelFromTensors } from "../../pipeline/lib/gpt/onnx/session.ts";
import { startWorker } from "../../worker/host/serve.ts";
import type { RunningWorker } from "../../worker/host/start_worker.ts";
import { startDeno } from "../../worker/host/start_deno.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";
import { writeTinyCalibration } from "../helpers/tiny_calibration.ts";

const texts = [
  "",
  "The patient",
  "Discharge Medi",
  "no ",
  "a".repeat(900),
  "Ménière's dis",
  "He was admitted to the",
  "Chief Complaint:\n",
  "pain, swelling and",
  "Follow up with your",
  "She denies",
  "on exam: ",
  "on exam: no",
  "The wound on exam: no fever. The wound",
];

const ask = (url: string, body: unknown) =>
  fetch(`${url}/complete`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** A context is remembered for its session alone, and forgotten when that ends. */
async function remembersContexts({ url }: RunningWorker): Promise<void> {
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  const sent = {
    session: "s",
    patient: "p1",
    context: [{ kind: "medications", text: "zolpidem 5 mg nightly" }],
  };
  const { body: { id } } = await post("/context", sent);
  const asked = { text: "on exam: ", patient: "p1", context: id, min_confidence: 1e-4 };
  const known = await post("/complete", { ...asked, session: "s" });
  assertEquals(known.status, 200);
  assert(known.body.completions.every(({ sources }: { sources: unknown }) => sources));
  assertEquals((await post("/complete", { ...asked, session: "t" })).status, 404);
  await post("/context", { ...sent, context: [] });
  assertEquals((await post("/complete", { ...asked, session: "s" })).status, 404);
}

/** The worker's answers are those of the decoder on the checkpoint itself. */
async function answersLikeTheDecoder(worker: RunningWorker, root: string): Promise<void> {
  const run = runPaths(root);
  const { config, parameters } = await readRunCheckpoint(run);
  const tokenizer = createTokenizer(JSON.parse(await Deno.readTextFile(run.tokenizer)));
  const model = await modelFromTensors(config, parameters);
  const { settings, table } = await exportedMixture(run.export);
  const mixture = settings === null ? undefined : createMixture(settings, table);
  const decoder = new Decoder(model, tokenizer, { mixture });
  let shown = 0;
  for (const text of texts) {
    const expected = await decoder.suggest(text, { n: 3, minConfidence: 1e-4 });
    const response = await ask(worker.url, { text, n: 3, min_confidence: 1e-4 });
    assertEquals(response.status, 200);
    const { completions } = await response.json();
    assertEquals(
      completions.map((completion: { text: string }) => completion.text),
      expected.map((suggestion) => suggestion.text),
    );
    for (const [index, { confidence }] of expected.entries()) {
      assertAlmostEquals(completions[index].confidence, confidence, 2e-4);
    }
    shown += completions.length;
  }
  assert(shown >= 6, `only ${shown} suggestions: the comparison says little`);
  const written: number[] = [];
  for await (const { token } of decoder.generate("on exam:", { maxTokens: 8 })) written.push(token);
  const generated = await fetch(`${worker.url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: "on exam:", max_tokens: 8, temperature: 0 }),
  });
  const { choices: [{ text }] } = await generated.json();
  assertEquals(text, tokenizer.decode(written));
  assertEquals(text.startsWith(" no fever"), mixture !== undefined, text);
  await model.close();
}

/** Clients that give up at all times between sending and answer, streams included. */
async function clientsThatGoAway({ url }: RunningWorker): Promise<void> {
  await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    await fetch(`${url}/complete`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        text: `Patient ${i} was`,
        n: 3,
        min_confidence: 1e-6,
        stream: i % 2 === 0,
      }),
      signal: AbortSignal.timeout(2 * i),
    }).then((response) => response.text()).catch(() => {});
  }));
}

Deno.test("workerd answers as the decoder with its n-grams does, remembers, refuses, and ends", async () => {
  const data = await Deno.makeTempDir(), paths = workspace(data), { root } = paths.run("tiny");
  const { exportFolder } = await writeTinyRun(root);
  await writeTinyCalibration(paths, "tiny");
  await Deno.copyFile(paths.ngram, join(exportFolder, "ngram.bin"));
  await Deno.copyFile(runPaths(root).calibration, join(exportFolder, "calibration.json"));
  const lines: string[] = [];
  const worker = await startWorker({
    exportFolder,
    port: 0,
    onLog: (line) => lines.push(line),
  });
  try {
    await answersLikeTheDecoder(worker, root);
    await remembersContexts(worker);

    const again = await (await ask(worker.url, { text: texts.at(-1), n: 3, min_confidence: 1e-4 }))
      .json();
    assertEquals(again.usage.computed_tokens, 0, "the same text is computed twice");
    assertEquals(again.model, "tiny");

    const wrong = await ask(worker.url, { text: ["SENTINEL"] });
    assertEquals(wrong.status, 422);
    assertFalse((await wrong.text()).includes("SENTINEL"));
    for (const stream of [false, true]) {
      const response = await ask(worker.url, { text: "SENTINEL is", section: "SENTINEL", stream });
      assertEquals(response.status, 200);
      await response.text();
    }

    await clientsThatGoAway(worker);
    const after = await ask(worker.url, { text: "She was", min_confidence: 1e-4 });
    assertEquals(after.status, 200, "the model is stuck after clients went away");
    await after.body?.cancel();

    for (
      const file of [
        "model.onnx",
        "build/model.onnx",
        "onnx/model_quantized.onnx",
        "ngram.bin",
        "tokenizer.json",
        "entry.mjs",
      ]
    ) {
      const response = await fetch(`${worker.url}/${file}`);
      assertEquals(response.status, 404, file);
      await response.body?.cancel();
    }
    const printed = lines.join("\n");
    assertFalse(printed.includes("SENTINEL"), printed);
    assertStringIncludes(printed, '"outcome":"answered"');
  } finally {
    await worker.stop();
  }
  await assertRejects(() => fetch(`${worker.url}/healthz`), TypeError);
  await Deno.remove(root, { recursive: true });
});

Deno.test("plain Deno serves the same answers, here of an export without n-grams", async () => {
  const root = join(await Deno.makeTempDir(), "runs", "tiny");
  const { exportFolder } = await writeTinyRun(root);
  const worker = await startDeno({ exportFolder, port: 0 });
  try {
    await answersLikeTheDecoder(worker, root);
  } finally {
    await worker.stop();
  }
  await Deno.remove(root, { recursive: true });
});

Deno.test("a port that is taken is named, and its server is not mistaken for ours", async () => {
  const other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("other"),
  );
  const data = await Deno.makeTempDir();
  await writeTinyRun(join(data, "runs", "latest"));
  for (const kind of [[], ["--deno"]]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "worker/host/serve.ts", "--data", data, "--port", `${other.addr.port}`]
        .concat(kind),
    }).output();
    assertEquals(code, 1);
    assertStringIncludes(
      new TextDecoder().decode(stderr),
      `Cannot serve on port ${other.addr.port}: something else uses it`,
    );
  }
  await other.shutdown();
  await Deno.remove(data, { recursive: true });
});

Deno.test("serve without an export names the command that makes one", async () => {
  const data = await Deno.makeTempDir();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "worker/host/serve.ts", "--data", data, "--run", "nano"],
  }).output();
  assertEquals(code, 1);
  const message = new TextDecoder().decode(stderr).trim();
  assertStringIncludes(message, `run "deno task export --run nano" first`);
  assertEquals(message.split("\n").length, 1, message);
  await Deno.remove(data, { recursive: true });
});
