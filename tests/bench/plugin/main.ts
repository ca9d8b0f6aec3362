/**
 * `deno task bench plugin`: held-out notes typed at human speed in a real Chromium, with the plugin
 * and the worker that a hospital would deploy. Says whether clinicians get what eval promises: the
 * passages are eval's, and eval's typist types the same ones beside.
 */

import { join } from "@std/path";
import { readTokens, type Split, workspace } from "../../../pipeline/artifacts.ts";
import { readJson, writeJson } from "../../../pipeline/lib/base/files.ts";
import { defineTask, Progress } from "../../../pipeline/lib/base/cli.ts";
import { createTokenizer } from "../../../pipeline/lib/gpt/decode/tokenizer.ts";
import { passageOf } from "../../../pipeline/lib/gpt/typing/requests.ts";
import type { EvalReport } from "../../../pipeline/eval/result.ts";
import {
  savings,
  sumTyping,
  typeNote,
  type Typing,
} from "../../../pipeline/lib/gpt/typing/typist.ts";
import { documentsOf, spread } from "../../../pipeline/lib/gpt/scoring/documents.ts";
import { startWorker } from "../../../worker/host/start_worker.ts";
import { startBrowser } from "../../helpers/browser.ts";
import { type BrowserTyping, patientSuggest, typeInBrowser } from "../../helpers/plugin_typist.ts";
import { quantile } from "../../helpers/quantile.ts";

export const task = defineTask({
  name: "bench plugin",
  summary: "Types held-out notes in Chromium at human speed; needs an exported and evaluated run.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to measure" },
    notes: { type: "integer", default: 4, min: 1, help: "how many of eval's passages to type" },
    characters: { type: "integer", default: 400, min: 50, help: "characters to type of each" },
    pause: { type: "integer", default: 200, min: 50, help: "mean milliseconds between two keys" },
  },
  examples: ["deno task bench plugin --run nano --notes 10"],
  async run({ data, run: name, notes, characters, pause }) {
    const paths = workspace(data);
    const run = paths.run(name);
    const evaluation = await readJson<EvalReport>(join(run.eval, "eval.json"), "deno task eval");
    const passages = await evalPassages(data, name, evaluation, notes, characters);
    const worker = await startWorker({ exportFolder: run.export, port: 0 });
    const browser = await startBrowser();
    try {
      const typed: BrowserTyping[] = [], patient: Typing[] = [];
      const progress = new Progress("type", notes * characters, "characters");
      for (const [seed, { text, from, to }] of passages.entries()) {
        const context = await browser.newContext();
        const done = sumTyping(typed).characters;
        typed.push(
          await typeInBrowser(await context.newPage(), worker.url, text, { from, to }, {
            meanPauseMs: pause,
            seed,
            progress: (now) => progress.update(done + now),
          }),
        );
        await context.close();
        patient.push(await typeNote(text, patientSuggest(worker.url), { from, to }));
      }
      progress.finish(`${passages.length} passages`);
      const report = result(name, typed, patient, evaluation);
      await writeJson(join(paths.root, "reports", "bench", "plugin.json"), report);
      print(report);
    } finally {
      await browser.close();
      await worker.stop();
    }
  },
});

/** The first passages that eval has typed, shortened to `characters`. */
async function evalPassages(
  data: string,
  name: string,
  { split, notes: { typed, excerpt } }: EvalReport,
  notes: number,
  characters: number,
) {
  const paths = workspace(data);
  const tokenizer = createTokenizer(await readJson(paths.run(name).tokenizer, "deno task train"));
  const held = documentsOf(await readTokens(paths.tokens(split as Split)), tokenizer);
  return spread(held, typed).slice(0, notes).map(({ text }, index) => {
    const { from, to } = passageOf(text, excerpt, index);
    return { text, from, to: Math.min(to, from + characters) };
  });
}

function result(
  run: string,
  typed: BrowserTyping[],
  patient: Typing[],
  { models }: EvalReport,
) {
  const total = sumTyping(typed);
  const times = typed.flatMap(({ keyToGhost }) => keyToGhost);
  const seconds = typed.reduce((sum, typing) => sum + typing.seconds, 0);
  const { keystrokes } = models.find(({ ours }) => ours)!;
  const best = keystrokes?.curve.find(({ threshold }) => threshold === keystrokes.best);
  return {
    run,
    cores: navigator.hardwareConcurrency,
    passages: typed.length,
    characters: total.characters,
    keys_per_second: total.keystrokes / seconds,
    shown: total.shown,
    accepted: total.accepted,
    savings: savings(total),
    savings_of_a_typist_who_waits: savings(sumTyping(patient)),
    savings_in_eval: best?.savings ?? null,
    key_to_ghost_ms: { count: times.length, p50: quantile(times, 0.5), p95: quantile(times, 0.95) },
  };
}

function print(report: ReturnType<typeof result>): void {
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  const { key_to_ghost_ms: times, savings_in_eval: whole } = report;
  console.log(
    `${report.run}, ${report.cores} cores, ${report.passages} passages, ${report.characters} characters at ${
      report.keys_per_second.toFixed(1)
    } keys a second

keystrokes saved, plugin         ${
      percent(report.savings)
    } (${report.accepted} of ${report.shown} suggestions accepted)
the same passages, as in eval    ${percent(report.savings_of_a_typist_who_waits)}
all of eval's passages           ${
      whole === null
        ? "?"
        : `${percent(whole.value)} (${percent(whole.low)} to ${percent(whole.high)})`
    }
key to grey text                 p50 ${times.p50.toFixed(0)} ms, p95 ${
      times.p95.toFixed(0)
    } ms of ${times.count}`,
  );
}
