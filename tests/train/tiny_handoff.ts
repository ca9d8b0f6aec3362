/**
 * The handoff that tests/oracle/handoff_torchrun.py trains with torchrun. Run as a script it writes
 * the workspace into the folder named by its argument and prints the handoff's folder.
 */

import { join } from "@std/path";
import { type Workspace } from "../../pipeline/artifacts.ts";
import { sha256File, writeAtomic } from "../../pipeline/lib/base/files.ts";
import { tinyFlags, tinyWorkspace } from "./tiny_workspace.ts";

const repository = join(import.meta.dirname!, "..", "..");

/** Runs a task of this folder's stage to its end. */
export async function runTask(
  script: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const permissions = "-R -W -E -S --allow-ffi --allow-run=git".split(" ");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, `pipeline/train/handoff/${script}.ts`, ...args],
    cwd: repository,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A workspace in `root` with a handoff in it; the same bytes every time, but for run.json's date. */
export async function tinyHandoff(root: string): Promise<{ paths: Workspace; folder: string }> {
  const paths = await tinyWorkspace(root);
  const folder = join(root, "handoff", "pytorch");
  const flags = [...tinyFlags(60), "--learning-rate", "0.02", "--gradient-accumulation", "2"];
  const often = ["--eval-interval", "20", "--checkpoint-interval", "20", "--resid-pdrop", "0.1"];
  const args = ["--data", root, "--preset", "micro", "--run", "pytorch", ...flags, ...often];
  const { code, stderr } = await runTask("main", ...args);
  if (code !== 0) throw new Error(stderr);
  return { paths, folder };
}

/** What the proof depends on: hashes of the files that PyTorch read. */
export async function inputHashes(folder: string): Promise<Record<string, string>> {
  const names = ["train.py", "train.bin", "val.bin", "initial/model.safetensors"];
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await sha256File(join(folder, name))])),
  );
}

if (import.meta.main) {
  const { folder } = await tinyHandoff(Deno.args[0]);
  await writeAtomic(join(folder, "inputs.json"), JSON.stringify(await inputHashes(folder)));
  console.log(folder);
}
