/** The chain of a workspace: every artifact, when and from what it was made, and what to run next. */

import { join } from "@std/path";
import type { Workspace } from "../artifacts.ts";
import { artifactNames, artifacts, Chain, type Finding } from "../artifacts/chain.ts";
import { pathOf } from "../artifacts/lineage.ts";
import { nextCommand, shellWord } from "../lib/base/cli.ts";
import { exists } from "../lib/base/files.ts";

/** One artifact as `--json` prints it. */
export interface StatusRow {
  artifact: string;
  /** Name of the run it belongs to; null for those of the whole workspace. */
  run: string | null;
  state: "fresh" | "stale" | "missing";
  /** The JSON that holds its lineage, relative to the workspace. */
  report: string;
  /** ISO 8601; null where nothing says so. */
  created: string | null;
  /** The artifacts that it was made from. */
  from: string[];
  /** Their files, by digest: names relative to the workspace, `run/` for the run's own folder. */
  sources: { name: string; sha256: string; there: boolean }[];
  /** Why it is stale. */
  reason: string | null;
  /** What makes it anew. */
  command: string;
}

export interface Status {
  version: 1;
  data: string;
  artifacts: StatusRow[];
  /** The command to run next. */
  next: string;
}

/** Looks at every artifact of the workspace and of its runs. */
export async function statusOf(paths: Workspace): Promise<Status> {
  const names = await runsOf(paths);
  const rows: StatusRow[] = [];
  const workspaceChain = new Chain({ paths });
  for (const name of artifactNames.filter((name) => !artifacts[name].ofRun)) {
    const finding = await workspaceChain.examine(name);
    // Whoever brings notes of their own has no need of synthetic ones, nor of public texts.
    if (OPTIONAL.includes(name) && name !== "eda" && finding.state === "missing") continue;
    rows.push(await rowOf(finding, workspaceChain));
  }
  for (const run of names.map((name) => paths.run(name))) {
    const chain = new Chain({ paths, run });
    for (const name of artifactNames.filter((name) => artifacts[name].ofRun)) {
      rows.push(await rowOf(await chain.examine(name), chain));
    }
  }
  return { version: 1, data: paths.root, artifacts: rows, next: nextOf(rows, paths) };
}

/** Folders of runs, `latest` first, then by name. */
async function runsOf({ runs }: Workspace): Promise<string[]> {
  if (!await exists(runs)) return [];
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(runs)) {
    if (isDirectory && await exists(join(runs, name, "config.json"))) names.push(name);
  }
  return names.sort((a, b) => +(b === "latest") - +(a === "latest") || (a < b ? -1 : 1));
}

async function rowOf(finding: Finding, chain: Chain): Promise<StatusRow> {
  const { artifact, run, state, report, lineage, reason, command } = finding;
  const sources = await Promise.all(
    Object.entries(lineage?.from ?? {}).map(async ([name, sha256]) => ({
      name,
      sha256,
      there: await exists(pathOf(chain.place, name)),
    })),
  );
  const unrecorded = `nothing says what it was made from: ${report} is missing`;
  return {
    artifact,
    run: run ?? null,
    state: state === "unrecorded" ? "stale" : state,
    report,
    created: lineage?.created ?? null,
    from: lineage ? await chain.parents(lineage) : [],
    sources,
    reason: state === "fresh" || state === "missing"
      ? null
      : state === "unrecorded"
      ? unrecorded
      : reason ?? null,
    command,
  };
}

/** Of the first artifact in the chain that is not fresh; of the run `latest`, if there is one. */
function nextOf(rows: readonly StatusRow[], paths: Workspace): string {
  const [first] = rows.filter(({ run }) => run !== null);
  const chosen = first?.run ?? null;
  const chain = rows.filter(({ run, artifact }) =>
    (run === null || run === chosen) && !OPTIONAL.includes(artifact)
  );
  const wrong = chain.find(({ state }) => state !== "fresh");
  if (wrong?.artifact === "notes" && wrong.state === "missing") {
    const synthetic = rows.find(({ artifact }) => artifact === "synthetic");
    const input = synthetic ? shellWord(paths.synthetic) : "INPUT";
    return nextCommand(`ingest ${input}`, { data: paths.root });
  }
  if (wrong) return wrong.command;
  if (chosen === null) return nextCommand("train", { data: paths.root });
  return nextCommand("serve", { run: chosen, data: paths.root });
}

/** Nothing further on depends on them. */
const OPTIONAL = ["synthetic", "public", "eda"];
