/** What eval and audit found of a run, as far as an export depends on it. */

import { join } from "@std/path";
import { AUDIT_VERSION, type RunPaths } from "../artifacts.ts";
import { ArtifactError, exists, readJson, sha256File } from "../lib/base/files.ts";

/** What is known of a run's memory of its training notes when it is exported. */
export interface AuditEvidence {
  verdict: "pass" | "fail" | "none";
  /** Why it is exported without a passed audit, in the words of who did it. */
  acceptedRisk?: string;
  failed: string[];
}

interface AuditJson {
  version: number;
  verdict: "pass" | "fail";
  checkpoint: string;
  checks: { name: string; passed: boolean; found: string }[];
}

/** Whether audit.json is there, has all of today's checks, and is of the checkpoint in `folder`. */
export async function isAudited(run: RunPaths, folder: string): Promise<boolean> {
  const path = join(run.audit, "audit.json");
  if (!await exists(path)) return false;
  const { version, checkpoint } = await readJson<AuditJson>(path, "deno task audit");
  return version === AUDIT_VERSION &&
    checkpoint === await sha256File(join(folder, "model.safetensors"));
}

/**
 * The audit of the checkpoint in `folder`. Throws an `ArtifactError` if there is none, if it is of
 * another checkpoint or version, or if it failed, unless `acceptedRisk` says why that is acceptable.
 */
export async function requireAudit(
  run: RunPaths,
  name: string,
  folder: string,
  acceptedRisk?: string,
): Promise<AuditEvidence> {
  const path = join(run.audit, "audit.json");
  const command = `deno task audit --run ${name}`;
  const refuse = (why: string) =>
    new ArtifactError(
      `Cannot export: ${why}; run "${command}" first, or give --accept-risk "reason", which the model card will show`,
    );
  const risk = acceptedRisk === undefined ? {} : { acceptedRisk };
  if (!await exists(path)) {
    if (acceptedRisk === undefined) throw refuse(`${path} does not exist`);
    return { verdict: "none", failed: [], ...risk };
  }
  const { version, verdict, checkpoint, checks } = await readJson<AuditJson>(path, command);
  const outdated = checkpoint !== await sha256File(join(folder, "model.safetensors"))
    ? "is of another checkpoint"
    : version !== AUDIT_VERSION
    ? `is of version ${version}, expected ${AUDIT_VERSION} (its checks have changed since)`
    : undefined;
  if (outdated !== undefined) {
    if (acceptedRisk === undefined) throw refuse(`${path} ${outdated}`);
    return { verdict: "none", failed: [], ...risk };
  }
  const failed = checks.filter((check) => !check.passed).map(({ name, found }) =>
    `${name}: ${found}`
  );
  if (verdict === "fail" && acceptedRisk === undefined) {
    throw refuse(`the audit failed (${failed.join("; ")})`);
  }
  return { verdict, failed, ...(verdict === "pass" ? {} : risk) };
}

interface EvalJson {
  checkpoint: { sha256: string };
  models: { name: string; keystrokes: { best: number } | null }[];
}

/**
 * The confidence at which what is exported (the GPT, or it `withMixture`) saves most net of
 * reading; undefined where eval has not measured the checkpoint in `folder`.
 */
export async function bestThreshold(
  run: RunPaths,
  folder: string,
  withMixture: boolean,
): Promise<number | undefined> {
  const path = join(run.eval, "eval.json");
  if (!await exists(path)) return;
  const { checkpoint, models } = await readJson<EvalJson>(path, "deno task eval");
  if (checkpoint.sha256 !== await sha256File(join(folder, "model.safetensors"))) return;
  const exported = (name: string) => withMixture ? name.startsWith("GPT + ") : name === "GPT";
  return models.find(({ name }) => exported(name))?.keystrokes?.best;
}
