/** One run audited from its files, and the result written beside it. */

import { join } from "@std/path";
import { readTokens, type Split, type Workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { lineageOf } from "../artifacts/lineage.ts";
import { writeReport } from "../artifacts/reports.ts";
import { exists, readJson, sha256File, writeAtomic } from "../lib/base/files.ts";
import type { NextTokenModel } from "../lib/gpt/decode/types.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { documentsOf, spread } from "../lib/gpt/scoring/documents.ts";
import { readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { scorerFromTensors } from "../lib/gpt/onnx/scorer.ts";
import { compileKernels } from "../lib/gpt/wasm/compile.ts";
import { wasmModelFromTensors } from "../lib/gpt/wasm/from_tensors.ts";
import { audit, type AuditReport } from "./audit.ts";
import { auditPage } from "./page.ts";
import { halvesByPatient, patientsOf } from "./patients.ts";

export interface AuditSettings {
  /** Training notes, and as many unseen ones, to attack. */
  notes: number;
  /** Texts to generate from nothing. */
  texts: number;
  /** Completions to draw at carets in notes; by default ten for every text. */
  completions?: number;
  seed: number;
}

export const auditDefaults: AuditSettings = { notes: 100, texts: 200, seed: 1 };

/** Audits run `name` and writes its audit.json and index.html. */
export async function auditRun(
  paths: Workspace,
  name: string,
  settings: AuditSettings = auditDefaults,
): Promise<AuditReport> {
  const run = paths.run(name), place = { paths, run };
  const read = await openSources(place, `audit run "${name}"`, ["notes", "tokens", "run"]);
  const { config, parameters, state, folder } = await readRunCheckpoint(run);
  const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
  const trainTokens = await readTokens(paths.tokens("train"));
  const documents = async (split: Split) =>
    documentsOf(await readTokens(paths.tokens(split)), tokenizer);
  const train = documentsOf(trainTokens, tokenizer);
  const unseen = [...await documents("test"), ...await documents("val")];
  if (unseen.length < 2) {
    throw new RangeError(
      `Cannot audit: ${unseen.length} notes of unseen patients, expected at least 2; ingest more notes`,
    );
  }
  // Tokens that came without tokens.json may be of other notes, or in another order.
  const patients = await exists(paths.tokensReport)
    ? await patientsOf(paths.notes, "train", train.length)
    : undefined;
  const { attacked, reference } = halvesByPatient(train, patients);
  const count = Math.min(settings.notes, unseen.length, attacked.length);
  // What it writes, it writes as the worker would: in int8, five times as fast as in ONNX Runtime.
  const model = await wasmModelFromTensors(
    config,
    parameters,
    await compileKernels(),
  ) as NextTokenModel;
  const scorer = await scorerFromTensors(config, parameters);
  const measured = await audit({
    run: name,
    checkpoint: await sha256File(join(folder, "model.safetensors")),
    config,
    // Windows of documents overlap: those of one pass may hold more tokens than there are.
    passes: state?.loader
      ? state.loader.epoch +
        Math.min(1, state.loader.position * config.n_positions / trainTokens.length)
      : null,
    model,
    scorer,
    tokenizer,
    train,
    members: spread(attacked, count),
    unseen: spread(unseen, count),
    reference,
    texts: settings.texts,
    completions: settings.completions ?? 10 * settings.texts,
    seed: settings.seed,
  });
  await scorer.close();
  const report = { ...measured, lineage: await lineageOf(place, read) };
  await writeAtomic(join(run.audit, "index.html"), await auditPage(report));
  await writeReport("audit", join(run.audit, "audit.json"), report);
  return report;
}
