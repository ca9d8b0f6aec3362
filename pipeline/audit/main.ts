/** `deno task audit`: what a run gives away about the notes it was trained on. */

import { join } from "@std/path";
import {
  readJson,
  readTokens,
  sha256File,
  type Split,
  workspace,
  writeAtomic,
  writeJson,
} from "../artifacts.ts";
import { defineTask, runTask } from "../cli.ts";
import { createTokenizer } from "../decode/tokenizer.ts";
import { documentsOf, spread } from "../measure/documents.ts";
import { readRunCheckpoint } from "../model/checkpoint.ts";
import { scorerFromTensors } from "../onnx/scorer.ts";
import { modelFromTensors } from "../onnx/session.ts";
import { audit } from "./audit.ts";
import { auditPage } from "./page.ts";

export const task = defineTask({
  name: "audit",
  summary: "Measures what a run remembers of its training notes, and passes or fails it.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to audit" },
    notes: {
      type: "integer",
      default: 100,
      min: 10,
      help: "training notes, and as many unseen ones, to attack",
    },
    texts: { type: "integer", default: 200, min: 10, help: "texts to generate" },
    seed: { type: "integer", default: 1, help: "of the generated texts" },
  },
  examples: ["deno task audit", "deno task audit --run nano --notes 500 --texts 2000"],
  async run(flags) {
    const paths = workspace(flags.data);
    const run = paths.run(flags.run);
    const { config, parameters, folder } = await readRunCheckpoint(run);
    const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
    const documents = async (split: Split) =>
      documentsOf(await readTokens(paths.tokens(split)), tokenizer);
    const train = await documents("train");
    const unseen = [...await documents("test"), ...await documents("val")];
    if (unseen.length < 2) {
      throw new RangeError(
        `Cannot audit: ${unseen.length} notes of unseen patients, expected at least 2; ingest more notes`,
      );
    }
    const count = Math.min(flags.notes, unseen.length, train.length);
    const model = await modelFromTensors(config, parameters);
    const scorer = await scorerFromTensors(config, parameters);
    const report = await audit({
      run: flags.run,
      checkpoint: await sha256File(join(folder, "model.safetensors")),
      config,
      model,
      scorer,
      tokenizer,
      train,
      members: spread(train, count),
      unseen: spread(unseen, count),
      texts: flags.texts,
      seed: flags.seed,
    });
    await scorer.close();
    await model.close();
    await writeJson(join(run.audit, "audit.json"), report);
    await writeAtomic(join(run.audit, "index.html"), await auditPage(report));
    for (const { name, passed, found, allowed } of report.checks) {
      console.log(`${passed ? "passed" : "FAILED"}  ${name}: ${found} (allowed: ${allowed})`);
    }
    console.log(
      `\n${report.verdict === "pass" ? "Passed" : "Failed"}. Report: ${
        join(run.audit, "index.html")
      }`,
    );
    console.log(`Next: deno task export --run ${flags.run} --data ${flags.data}`);
  },
});

if (import.meta.main) await runTask(task);
