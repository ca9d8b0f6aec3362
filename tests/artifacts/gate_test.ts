import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type RunPaths, type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { type AuditEvidence, passGate } from "../../pipeline/artifacts/gate.ts";
import { AUDIT_VERSION } from "../../pipeline/artifacts/reports.ts";
import { ArtifactError, writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { tinyCheck, writeTinyAudit } from "../helpers/tiny_lineage.ts";

interface Model {
  paths: Workspace;
  run: RunPaths;
  model: string;
}

const withModel = (test: (model: Model) => Promise<void>) =>
  inFolder(async (root) => {
    const paths = workspace(root), run = paths.run("latest");
    const model = join(run.best, "model.safetensors");
    await writeAtomic(model, "weights");
    await test({ paths, run, model });
  });

const failing = {
  verdict: "fail",
  checks: [
    tinyCheck,
    { name: "membership", outcome: "fail", found: "AUC 0.9", allowed: "0.65" },
  ],
};

Deno.test(
  "an unaudited, a failed and an outdated model are refused with what to run",
  withModel(async ({ paths, run, model }) => {
    const refused = async (why: string, task = "audit") => {
      for (const doing of ["export", "deploy"] as const) {
        const { message } = await assertRejects(
          () => passGate({ paths, run, model, doing }),
          ArtifactError,
          why,
        );
        assertStringIncludes(message, `Cannot ${doing}: `);
        assertStringIncludes(message, `run "deno task ${task} --data ${paths.root}"`);
        assertEquals(message.includes("\n"), false);
      }
    };
    await refused("audit.json does not exist");
    await writeTinyAudit(run, model, failing);
    await refused("did not pass (membership: AUC 0.9)", "train");
    await writeTinyAudit(run, model, { ...failing, verdict: "pass" });
    await refused("did not pass (membership: AUC 0.9)", "train");
    await writeTinyAudit(run, model, { checkpoint: "0".repeat(64) });
    await refused("is of another model than");
    await writeTinyAudit(run, model);
    await writeJson(run.calibration, { served: "with another table" });
    await refused("is of another calibration than");
    await Deno.remove(run.calibration);
    await writeTinyAudit(run, model, { version: AUDIT_VERSION - 1 });
    await refused(`is of version ${AUDIT_VERSION - 1}, expected ${AUDIT_VERSION}`);
    await writeTinyAudit(run, model, { checks: undefined });
    await refused("checks: ");
    await Deno.writeTextFile(join(run.audit, "audit.json"), '{"version": ');
    await refused("audit.json");
    await writeTinyAudit(run, model);
    assertEquals(await passGate({ paths, run, model, doing: "export" }), {
      verdict: "pass",
      failed: [],
      checks: [tinyCheck],
    });
  }),
);

Deno.test(
  "what cannot be told, and what rests on too little, is no pass",
  withModel(async ({ paths, run, model }) => {
    const refused = async (why: string, changes: Record<string, unknown>) => {
      await writeTinyAudit(run, model, changes);
      for (const doing of ["export", "deploy"] as const) {
        const { message } = await assertRejects(
          () => passGate({ paths, run, model, doing }),
          ArtifactError,
          why,
        );
        assertStringIncludes(message, `run "deno task audit --data ${paths.root}" again`);
      }
    };
    const open = { ...tinyCheck, outcome: "cannot tell", found: "0 of 8", needed: "80 prompts" };
    const why = "repeats: cannot tell from 0 of 8, it takes 80 prompts";
    await refused(why, { verdict: "cannot tell", checks: [open] });
    await refused(why, { verdict: "pass", checks: [open] });
    await refused("did not pass", { verdict: "cannot tell" });
    const sizes = { members: 150, unseen: 150, texts: 300, completions: 3000 };
    await refused("8 unseen notes, it takes 150", { sizes: { ...sizes, unseen: 8 } });
    await refused("2 texts, it takes 300; 2 completions", {
      sizes: { ...sizes, texts: 2, completions: 2 },
    });
    await refused("it holds no checks", { checks: [] });
  }),
);

Deno.test(
  "an accepted risk is kept with what it covers; a pass needs none",
  withModel(async ({ paths, run, model }) => {
    const accept = () =>
      passGate({ paths, run, model, doing: "export", acceptedRisk: "synthetic" });
    assertEquals(await accept(), {
      verdict: "none",
      failed: [],
      checks: [],
      acceptedRisk: "synthetic",
    });
    await writeTinyAudit(run, model, failing);
    assertEquals(await accept(), {
      verdict: "fail",
      failed: ["membership: AUC 0.9"],
      checks: failing.checks as AuditEvidence["checks"],
      acceptedRisk: "synthetic",
    });
    await writeTinyAudit(run, model);
    assertEquals(await accept(), { verdict: "pass", failed: [], checks: [tinyCheck] });
    await writeJson(join(run.audit, "audit.json"), {});
    assertEquals((await accept()).verdict, "none");
  }),
);
