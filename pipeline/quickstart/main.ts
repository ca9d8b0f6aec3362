/**
 * `deno task quickstart`: fetches the packages of all stages behind one line of progress, then runs
 * the whole job (quickstart.ts). Imports nothing from npm before that.
 */

import { prepare } from "../lib/base/prepare.ts";

/** Stages whose packages no other one has: DuckDB, ONNX Runtime, charts. */
const stages = ["ingest", "eda", "tokenize", "train", "calibrate", "eval", "audit", "export"];

if (!Deno.args.includes("--help")) {
  const path = (relative: string) => new URL(relative, import.meta.url).href;
  try {
    await prepare("packages", [
      "cache",
      path("./quickstart.ts"),
      ...stages.map((stage) => path(`../${stage}/main.ts`)),
    ]);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
const { quickstart } = await import("./quickstart.ts");
const { runTask } = await import("../lib/base/cli.ts");
await runTask(quickstart);
