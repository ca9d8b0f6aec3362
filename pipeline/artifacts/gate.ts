/**
 * The privacy gate: what an audit must have found before a model leaves the workspace. The one place
 * that decides it, for `export` and for `deploy`.
 */

import { join } from "@std/path";
import type { RunPaths, Workspace } from "../artifacts.ts";
import { ArtifactError, exists } from "../lib/base/files.ts";
import { Chain } from "./chain.ts";
import { digestsOf } from "./lineage.ts";
import { AUDIT_SIZES, readReport, type Report } from "./reports.ts";

/** What is known of a model's memory of its training notes when it leaves. */
export interface AuditEvidence {
  /** none: it was not audited, or an earlier version of it was. */
  verdict: Report<"audit">["verdict"] | "none";
  /** Why it is not a pass: the checks that did not pass, with what they found, and sizes too small. */
  failed: string[];
  /** All checks; none where it was not audited. */
  checks: Report<"audit">["checks"];
  /** Why it leaves without a passed audit, in the words of who did it. */
  acceptedRisk?: string;
}

export interface GateOptions {
  paths: Workspace;
  run: RunPaths;
  /** The model.safetensors that is to leave. */
  model: string;
  /** As in `Cannot export`. */
  doing: "export" | "deploy";
  /** A reason given with --accept-risk. */
  acceptedRisk?: string;
}

/**
 * The evidence on a model that may leave: its audit passed, or somebody accepts the risk. Throws an
 * `ArtifactError` that says what is wrong with the audit and what to run.
 */
export async function passGate(options: GateOptions): Promise<AuditEvidence> {
  const { acceptedRisk, doing } = options;
  const { why, command, ...evidence } = await judge(options);
  if (why === undefined) return evidence;
  if (acceptedRisk !== undefined) return { ...evidence, acceptedRisk };
  throw new ArtifactError(
    `Cannot ${doing}: ${why}; run "${command}"${
      evidence.verdict === "none" ? " first" : " again"
    }, or ` +
      `give --accept-risk "reason"${doing === "export" ? ", which the model card will show" : ""}`,
  );
}

interface Judgement extends AuditEvidence {
  /** Why it may not leave; undefined where it may. */
  why?: string;
  command: string;
}

async function judge({ paths, run, model }: GateOptions): Promise<Judgement> {
  const path = join(run.audit, "audit.json"), chain = new Chain({ paths, run });
  const command = chain.command("audit");
  const none = (why: string): Judgement => ({
    verdict: "none",
    failed: [],
    checks: [],
    why,
    command,
  });
  if (!await exists(path)) return none(`${path} does not exist`);
  let audit: Report<"audit">;
  try {
    audit = await readReport("audit", path, command);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    return none(error.message.replace(/^Cannot \w+ /, "").replace(/; run "[^"]*".*$/, ""));
  }
  const { verdict, checkpoint, checks, lineage } = audit;
  if (checkpoint !== await digestsOf(paths).of(model)) {
    return none(`${path} of ${lineage.created} is of another model than ${model}`);
  }
  const digests = digestsOf(paths);
  const calibration = await exists(run.calibration) ? await digests.of(run.calibration) : null;
  if (audit.calibration !== calibration) {
    return none(
      `${path} of ${lineage.created} is of another calibration than ${run.calibration}, ` +
        "so that what it heard is not what will be served",
    );
  }
  const failed = [
    ...checks.filter(({ outcome }) => outcome !== "pass").map(inWords),
    ...checks.length === 0 ? ["it holds no checks"] : [],
    ...tooSmall(audit.sizes),
  ];
  if (verdict === "pass" && failed.length === 0) return { verdict, failed, checks, command };
  const why = `the audit in ${path} did not pass (${failed.join("; ") || `it says "${verdict}"`})`;
  const failing = verdict === "fail" || checks.some(({ outcome }) => outcome === "fail");
  return {
    verdict: failing ? "fail" : "cannot tell",
    failed,
    checks,
    why,
    // What failed needs another model; what is open needs a larger audit.
    command: failing ? chain.command("run") : command,
  };
}

const inWords = ({ name, outcome, found, needed }: AuditEvidence["checks"][number]): string =>
  outcome === "fail"
    ? `${name}: ${found}`
    : `${name}: cannot tell from ${found}${needed === undefined ? "" : `, it takes ${needed}`}`;

/** What of an audit is smaller than in a default one. */
export function tooSmall(
  { members, unseen, texts, completions }: Report<"audit">["sizes"],
): string[] {
  const rows: [string, number, number][] = [
    ["training notes", members, AUDIT_SIZES.notes],
    ["unseen notes", unseen, AUDIT_SIZES.notes],
    ["texts", texts, AUDIT_SIZES.texts],
    ["completions", completions, AUDIT_SIZES.completions],
  ];
  return rows.filter(([, found, least]) => found < least)
    .map(([what, found, least]) => `${found} ${what}, it takes ${least}`);
}
