import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type RunPaths, type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { passGate } from "../../pipeline/artifacts/gate.ts";
import { AUDIT_VERSION } from "../../pipeline/artifacts/reports.ts";
import { ArtifactError, writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyAudit } from "../helpers/tiny_lineage.ts";

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
    { name: "repeats", passed: true, found: "0%" },
    { name: "membership", passed: false, found: "AUC 0.9" },
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
    });
  }),
);

Deno.test(
  "an accepted risk is kept with what it covers; a pass needs none",
  withModel(async ({ paths, run, model }) => {
    const accept = () =>
      passGate({ paths, run, model, doing: "export", acceptedRisk: "synthetic" });
    assertEquals(await accept(), { verdict: "none", failed: [], acceptedRisk: "synthetic" });
    await writeTinyAudit(run, model, failing);
    assertEquals(await accept(), {
      verdict: "fail",
      failed: ["membership: AUC 0.9"],
      acceptedRisk: "synthetic",
    });
    await writeTinyAudit(run, model);
    assertEquals(await accept(), { verdict: "pass", failed: [] });
    await writeJson(join(run.audit, "audit.json"), {});
    assertEquals((await accept()).verdict, "none");
  }),
);
