/** One run audited from its files, and the result written beside it. */

import { join } from "@std/path";
import { readTokens, type Split, type Workspace } from "../artifacts.ts";
import { openCalibration } from "../artifacts/calibration.ts";
import { openSources } from "../artifacts/chain.ts";
import { lineageOf } from "../artifacts/lineage.ts";
import { AUDIT_SIZES, writeReport } from "../artifacts/reports.ts";
import { exists, readJson, sha256File, writeAtomic } from "../lib/base/files.ts";
import type { NextTokenModel } from "../lib/gpt/decode/types.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { documentsOf } from "../lib/gpt/scoring/documents.ts";
import { readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { scorerFromTensors } from "../lib/gpt/onnx/scorer.ts";
import { compileKernels } from "../lib/gpt/wasm/compile.ts";
import { wasmModelFromTensors } from "../lib/gpt/wasm/from_tensors.ts";
import { audit, type AuditReport } from "./audit.ts";
import { auditPage } from "./page.ts";
import { halvesByPatient, patientsOf, spreadByPatient } from "./patients.ts";
import type { Note } from "./attack.ts";

export interface AuditSettings {
  /** Notes of unseen patients to attack, and twice as many training notes. */
  notes: number;
  /** Texts to generate from nothing. */
  texts: number;
  /** Completions to draw at carets in notes; by default ten for every text. */
  completions?: number;
  seed: number;
}

/** The least whose pass counts. Completions are drawn anyway in proportion to texts. */
export const auditDefaults: AuditSettings = { ...AUDIT_SIZES, completions: undefined, seed: 1 };

/** Audits run `name` and writes its audit.json and index.html. */
export async function auditRun(
  paths: Workspace,
  name: string,
  settings: AuditSettings = auditDefaults,
): Promise<AuditReport> {
  const run = paths.run(name), place = { paths, run };
  const calibrated = await exists(run.calibration);
  const read = await openSources(
    place,
    `audit run "${name}"`,
    ["notes", "tokens", "run", ...(calibrated ? ["ngram", "calibration"] as const : [])],
  );
  const calibration = calibrated ? await openCalibration(paths, name) : undefined;
  const { config, parameters, state, folder } = await readRunCheckpoint(run);
  const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
  const trainTokens = await readTokens(paths.tokens("train"));
  const notesOf = async (split: Split, tokens?: Uint16Array): Promise<Note[]> => {
    const documents = documentsOf(tokens ?? await readTokens(paths.tokens(split)), tokenizer);
    // Tokens that came without tokens.json may be of other notes, or in another order.
    const patients = await exists(paths.tokensReport)
      ? await patientsOf(paths.notes, split, documents.length)
      : undefined;
    return documents.map((document, index) => ({
      ...document,
      patient: patients?.[index] ?? `${split} ${index}`,
    }));
  };
  const train = await notesOf("train", trainTokens);
  const unseen = [...await notesOf("test"), ...await notesOf("val")];
  if (unseen.length < 2) {
    throw new RangeError(
      `Cannot audit: ${unseen.length} notes of unseen patients, expected at least 2; ingest more notes`,
    );
  }
  const { attacked, reference } = halvesByPatient(train);
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
    mixture: calibration?.file.served.kind === "gpt+mixture" ? calibration.mixture : undefined,
    calibration: calibrated ? await sha256File(run.calibration) : null,
    scorer,
    tokenizer,
    train,
    members: spreadByPatient(attacked, 2 * settings.notes),
    unseen: spreadByPatient(unseen, settings.notes),
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
