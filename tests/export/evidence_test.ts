import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { AUDIT_VERSION as version, runPaths } from "../../pipeline/artifacts.ts";
import {
  ArtifactError,
  sha256File,
  writeAtomic,
  writeJson,
} from "../../pipeline/lib/base/files.ts";
import { bestThreshold, isAudited, requireAudit } from "../../pipeline/export/evidence.ts";

async function withRun(test: (run: ReturnType<typeof runPaths>) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "nano-med-gpt-evidence-" });
  try {
    const run = runPaths(root);
    await writeAtomic(join(run.best, "model.safetensors"), "weights");
    await test(run);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const checks = [
  { name: "repeats", passed: true, found: "0%" },
  { name: "membership", passed: false, found: "AUC 0.9" },
];

Deno.test("an unaudited, a failed and an outdated run are refused with what to do", () =>
  withRun(async (run) => {
    const audit = join(run.audit, "audit.json");
    const refused = async (why: string) => {
      const error = await assertRejects(
        () => requireAudit(run, "latest", run.best),
        ArtifactError,
        why,
      );
      assertEquals(error.message.includes("deno task audit --run latest"), true);
    };
    await refused("audit.json does not exist");
    const checkpoint = await sha256File(join(run.best, "model.safetensors"));
    await writeJson(audit, { version, verdict: "fail", checkpoint, checks });
    await refused("the audit failed (membership: AUC 0.9)");
    assertEquals(await isAudited(run, run.best), true, "failed, but audited");
    await writeJson(audit, { version, verdict: "pass", checkpoint: "another", checks: [] });
    assertEquals(await isAudited(run, run.best), false);
    await refused("is of another checkpoint");
    await writeJson(audit, { version: version - 1, verdict: "pass", checkpoint, checks: [] });
    assertEquals(await isAudited(run, run.best), false);
    await refused(`is of version ${version - 1}, expected ${version}`);
    await writeJson(audit, { version, verdict: "pass", checkpoint, checks: [] });
    assertEquals(await requireAudit(run, "latest", run.best), { verdict: "pass", failed: [] });
  }));

Deno.test("an accepted risk is kept with what it covers; a pass needs none", () =>
  withRun(async (run) => {
    const accept = () => requireAudit(run, "latest", run.best, "synthetic");
    assertEquals(await accept(), { verdict: "none", failed: [], acceptedRisk: "synthetic" });
    const checkpoint = await sha256File(join(run.best, "model.safetensors"));
    await writeJson(join(run.audit, "audit.json"), {
      version,
      verdict: "fail",
      checkpoint,
      checks,
    });
    assertEquals(await accept(), {
      verdict: "fail",
      failed: ["membership: AUC 0.9"],
      acceptedRisk: "synthetic",
    });
    await writeJson(join(run.audit, "audit.json"), {
      version,
      verdict: "pass",
      checkpoint,
      checks: [],
    });
    assertEquals(await accept(), { verdict: "pass", failed: [] });
  }));

Deno.test("the worker's threshold is the evaluated GPT's, not a baseline's", () =>
  withRun(async (run) => {
    const threshold = (withMixture: boolean) => bestThreshold(run, run.best, withMixture);
    assertEquals(await threshold(false), undefined);
    const sha256 = await sha256File(join(run.best, "model.safetensors"));
    const models = [
      { name: "Kneser-Ney word 5-gram", keystrokes: { best: 0.3 } },
      { name: "GPT", keystrokes: { best: 0.5 } },
      { name: "GPT + n-grams", keystrokes: { best: 0.2 } },
    ];
    await writeJson(join(run.eval, "eval.json"), { checkpoint: { sha256 }, models });
    assertEquals(await threshold(false), 0.5);
    assertEquals(await threshold(true), 0.2);
    await writeJson(join(run.eval, "eval.json"), { checkpoint: { sha256: "older" }, models });
    assertEquals(await threshold(false), undefined);
  }));
