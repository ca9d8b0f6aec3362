// Reports with a lineage, for tests that are about something else.

import { join } from "@std/path";
import { type RunPaths } from "../../pipeline/artifacts.ts";
import type { Lineage } from "../../pipeline/artifacts/lineage.ts";
import { AUDIT_SIZES, AUDIT_VERSION, type Report } from "../../pipeline/artifacts/reports.ts";
import { exists, sha256File, writeJson } from "../../pipeline/lib/base/files.ts";

/** Of something that was made from nothing. */
export const noLineage: Lineage = { created: "2026-12-01T00:00:00.000Z", from: {}, files: {} };

/** A check of such an audit. */
export const tinyCheck: Report<"audit">["checks"][number] = {
  name: "repeats",
  outcome: "pass",
  found: "0 of 150",
  allowed: "5%",
};

/** An audit of the model.safetensors at `model` that passed, unless `changes` say otherwise. */
export async function writeTinyAudit(
  run: RunPaths,
  model: string,
  changes: Record<string, unknown> = {},
): Promise<void> {
  await writeJson(join(run.audit, "audit.json"), {
    version: AUDIT_VERSION,
    lineage: noLineage,
    checkpoint: await sha256File(model),
    calibration: await exists(run.calibration) ? await sha256File(run.calibration) : null,
    verdict: "pass",
    sizes: {
      members: AUDIT_SIZES.notes,
      unseen: AUDIT_SIZES.notes,
      texts: AUDIT_SIZES.texts,
      completions: AUDIT_SIZES.completions,
    },
    checks: [tinyCheck],
    ...changes,
  });
}
