/**
 * `deno task bench context`: what a patient's context costs in a real workerd with a nano-size int8
 * model. One typist goes through a note; every keystroke is asked for without and with the context,
 * in turn, so that other work on the machine falls on both.
 */

import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { defineTask } from "../../../pipeline/lib/base/cli.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { startWorker } from "../../../worker/host/start_worker.ts";
import { quantile } from "../../helpers/quantile.ts";
import { syntheticNotes, writeNanoExport } from "../serve/nano_run.ts";

const CARET = 1500, PATIENCE_MS = 60_000;

export const task = defineTask({
  name: "bench context",
  summary: "Measures a patient's context in the worker: its first use, and keystrokes with it.",
  flags: {
    run: {
      type: "string",
      placeholder: "NAME",
      help: "an exported run; default an untrained nano",
    },
    characters: { type: "integer", default: 100_000, min: 1, max: 200_000, help: "of the context" },
    keys: { type: "integer", default: 200, min: 1, help: "keystrokes, each asked for twice" },
    firsts: { type: "integer", default: 9, min: 1, help: "contexts sent, each of another patient" },
  },
  async run({ data, run, ...sizes }) {
    const temporary = await Deno.makeTempDir();
    try {
      const folder = run === undefined
        ? await writeNanoExport(temporary)
        : workspace(data).run(run).export;
      const report = { model: run ?? "untrained nano", ...await measure(folder, sizes) };
      await writeJson(join(workspace(data).root, "reports", "bench", "context.json"), report);
      print(report);
    } finally {
      await Deno.remove(temporary, { recursive: true });
    }
  },
});

interface Sizes {
  characters: number;
  keys: number;
  firsts: number;
}

async function measure(exportFolder: string, { characters, keys, firsts }: Sizes) {
  const notes = await syntheticNotes(200, 3);
  const note = notes.find(({ length }) => length > CARET + keys + 1)!;
  const worker = await startWorker({ exportFolder, port: 0, rateLimit: 1_000_000 });
  const post = async (path: string, body: unknown) => {
    const started = performance.now();
    const response = await fetch(`${worker.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`The worker answered ${response.status}: ${answer.detail}`);
    return { answer, milliseconds: performance.now() - started };
  };
  const contextFrom = (at: number) => {
    const texts = [...notes.slice(at), ...notes.slice(0, at)].filter((text) => text !== note);
    return [{ kind: "note", date: "2026-01-01", text: texts.join("\n").slice(0, characters) }];
  };
  const ask = (text: string, more: Record<string, string>) =>
    post("/complete", { text, min_confidence: 0, max_words: 4, numbers: "always", ...more });
  try {
    await ask("The patient", { session: "warm" });
    const send: number[] = [], extra: number[] = [];
    let known = { session: "", patient: "", context: "" };
    for (let first = 0; first < firsts; first++) {
      const session = `with ${first}`, patient = `p${first}`;
      const sent = await post("/context", { session, patient, context: contextFrom(20 * first) });
      known = { session, patient, context: sent.answer.id };
      send.push(sent.milliseconds);
      // The same keystroke behind a text that both have computed: what is left is the context's.
      const text = note.slice(0, CARET - 1 - first);
      await ask(text, { session: "without" });
      const plain = await ask(text, { session: "without" });
      await ask(text, { session, patient });
      const used = await ask(text, known);
      extra.push(used.milliseconds - plain.milliseconds);
    }
    const without: number[] = [], grounded_: number[] = [];
    for (let caret = CARET; caret < CARET + keys; caret++) {
      const text = note.slice(0, caret);
      const plain = () => ask(text, { session: "without" });
      const grounded = () => ask(text, known);
      const order = caret % 2 === 0 ? [plain, grounded] : [grounded, plain];
      for (const one of order) {
        const { milliseconds } = await one();
        (one === plain ? without : grounded_).push(milliseconds);
      }
    }
    return {
      cores: navigator.hardwareConcurrency,
      characters,
      first_use: { send_ms: spread(send), first_keystroke_ms: spread(extra) },
      keystroke: { without: spread(without), with: spread(grounded_) },
      p95_ratio: spread(grounded_).p95 / spread(without).p95,
    };
  } finally {
    await worker.stop();
  }
}

const spread = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  return { first: values[0], p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
};

function print(report: Awaited<ReturnType<typeof measure>> & { model: string }): void {
  const { first_use: { send_ms, first_keystroke_ms }, keystroke, p95_ratio } = report;
  const row = (name: string, { first, p50, p95 }: ReturnType<typeof spread>) =>
    `${name.padEnd(34)}${[first, p50, p95].map((ms) => ms.toFixed(1).padStart(9)).join("")}`;
  console.log([
    `${report.model}, ${report.characters} characters of context; milliseconds`,
    `${"".padEnd(34)}    first   median      p95`,
    row("POST /context", send_ms),
    row("first keystroke, beyond one without", first_keystroke_ms),
    row("keystroke without", keystroke.without),
    row("keystroke with", keystroke.with),
    `p95 with / without: ${p95_ratio.toFixed(2)}`,
  ].join("\n"));
}
