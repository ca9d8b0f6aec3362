/**
 * The chain of a workspace: which artifacts there are, in the order in which they are made, and
 * whether each still belongs to what it was made from. `deno task status` prints it, every reader
 * asks it before it reads (`openSources`), quickstart and report decide by it what can be reused.
 */

import { basename, join } from "@std/path";
import { type RunPaths, splits, type Workspace } from "../artifacts.ts";
import { nextCommand } from "../lib/base/cli.ts";
import { ArtifactError, exists } from "../lib/base/files.ts";
import {
  digestsOf,
  type Lineage,
  nameOf,
  pathOf,
  type Place,
  type Sources,
  sourcesOf,
} from "./lineage.ts";
import { syntheticMark } from "./synthetic.ts";
import { readReport, type ReportName } from "./reports.ts";

/** An artifact: one row of the chain. */
interface Artifact {
  /** The `deno task` that makes it. */
  task: string;
  /** Whether it is of a run, or of the whole workspace. */
  ofRun: boolean;
  /** The JSON that holds its lineage. */
  report(place: Place): string;
  /** The files that others read of it, those that are there. */
  files(place: Place): Promise<string[]> | string[];
}

const ofRun = (task: string, report: (run: RunPaths) => string): Artifact => ({
  task,
  ofRun: true,
  report: ({ run }) => report(run!),
  files: ({ run }) => [report(run!)],
});

/** In the order in which they are made. */
export const artifacts: Record<ReportName, Artifact> = {
  synthetic: {
    task: "synthesize",
    ofRun: false,
    report: ({ paths }) => syntheticMark(paths.synthetic),
    files: ({ paths }) => [paths.synthetic],
  },
  notes: {
    task: "ingest",
    ofRun: false,
    report: ({ paths }) => paths.ingestReport,
    files: ({ paths }) => [paths.notes],
  },
  public: {
    task: "ingest --public",
    ofRun: false,
    report: ({ paths }) => paths.publicReport,
    files: ({ paths }) => [paths.publicReport],
  },
  eda: {
    task: "eda",
    ofRun: false,
    report: ({ paths }) => paths.edaJson,
    files: ({ paths }) => [paths.edaJson],
  },
  tokens: {
    task: "tokenize",
    ofRun: false,
    report: ({ paths }) => paths.tokensReport,
    files: ({ paths }) => [paths.tokenizer, ...splits.map(paths.tokens), paths.publicTokens],
  },
  ngram: {
    task: "ngram",
    ofRun: false,
    report: ({ paths }) => paths.ngramReport,
    files: ({ paths }) => [paths.ngram],
  },
  run: {
    task: "train",
    ofRun: true,
    report: ({ run }) => run!.config,
    files: async ({ run }) => [run!.tokenizer, ...await checkpointOf(run!)],
  },
  calibration: ofRun("calibrate", (run) => run.calibration),
  eval: ofRun("eval", (run) => join(run.eval, "eval.json")),
  audit: ofRun("audit", (run) => join(run.audit, "audit.json")),
  export: ofRun("export", (run) => join(run.export, "export.json")),
};

export const artifactNames = Object.keys(artifacts) as ReportName[];

/** The weights that a run is judged by, as readRunCheckpoint chooses them. */
async function checkpointOf({ best, last }: RunPaths): Promise<string[]> {
  for (const folder of [best, last]) {
    if (await exists(folder)) return [join(folder, "model.safetensors")];
  }
  return [];
}

/** What has become of an artifact. */
export interface Finding {
  artifact: ReportName;
  /** Name of the run it belongs to. */
  run?: string;
  /** unrecorded: there, but nothing says what it was made from. */
  state: "fresh" | "stale" | "missing" | "unrecorded";
  /** The JSON that holds its lineage, relative to the workspace. */
  report: string;
  lineage?: Lineage;
  /** Why it is stale: one clause. */
  reason?: string;
  /** What makes it fresh again. */
  command: string;
}

/** Why something is stale, and what makes it good where that is not its own command. */
type Wrong = Pick<Finding, "reason"> & Partial<Pick<Finding, "command">>;

/** Findings of one moment: each artifact is looked at once. */
export class Chain {
  readonly #found = new Map<string, Promise<Finding>>();

  constructor(readonly place: Place) {}

  /** What has become of `artifact`, and so of all that it was made from. */
  examine(artifact: ReportName): Promise<Finding> {
    let finding = this.#found.get(artifact);
    if (!finding) this.#found.set(artifact, finding = this.#examine(artifact));
    return finding;
  }

  async #examine(name: ReportName): Promise<Finding> {
    const { place } = this, row = artifacts[name];
    const path = row.report(place), command = this.command(name);
    const run = row.ofRun ? basename(place.run!.root) : undefined;
    const finding = { artifact: name, run, report: this.#shown(path), command };
    if (!await exists(path)) {
      const files = await sourcesOf(place, await row.files(place));
      return { ...finding, state: Object.keys(files).length > 0 ? "unrecorded" : "missing" };
    }
    let lineage: Lineage;
    try {
      ({ lineage } = await readReport<ReportName>(name, path, command));
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      const reason = error.message.replace(/^Cannot \w+ /, "").replace(/; run "[^"]*".*$/, "");
      return { ...finding, state: "stale", reason };
    }
    // The first cause comes first, and what makes it good.
    const wrong = await this.#damaged(lineage, finding.report) ??
      await this.whyStale(lineage, finding.report);
    return wrong
      ? { ...finding, lineage, state: "stale", command, ...wrong }
      : { ...finding, lineage, state: "fresh" };
  }

  /** Which of the artifact's own files is another one by now. */
  async #damaged({ created, files }: Lineage, report: string): Promise<Wrong | undefined> {
    for (const [name, recorded] of Object.entries(files)) {
      const digest = await this.#digest(name);
      if (digest === recorded) continue;
      const shown = this.#shown(pathOf(this.place, name));
      if (digest === undefined) return { reason: `${shown} is missing, which ${report} describes` };
      return {
        reason: `${shown}, written ${await this.#written(name)}, is not the file that ` +
          `${report} of ${time(created)} describes`,
      };
    }
  }

  /** Why what `report` describes no longer belongs to what it was made from; undefined if it does. */
  async whyStale(lineage: Lineage, report: string): Promise<Wrong | undefined> {
    return await this.#above(lineage) ?? await this.#outdated(lineage, report);
  }

  /** What of that which it was made from is another file by now; what is gone may be. */
  async #outdated({ created, from }: Lineage, report: string): Promise<Wrong | undefined> {
    for (const [name, recorded] of Object.entries(from)) {
      const digest = await this.#digest(name);
      if (digest === recorded || digest === undefined) continue;
      const shown = this.#shown(pathOf(this.place, name));
      return {
        reason: `${report} of ${time(created)} was made from another ${shown} than the one ` +
          `written ${await this.#written(name)}`,
      };
    }
  }

  /** What is wrong with the artifacts that it was made from: the first cause, and its remedy. */
  async #above(lineage: Lineage): Promise<Wrong | undefined> {
    for (const name of await this.parents(lineage)) {
      const { state, reason, command } = await this.examine(name);
      if (state === "stale") return { reason, command };
    }
  }

  /** The artifacts that something was made from. */
  async parents({ from }: Lineage): Promise<ReportName[]> {
    const parents: ReportName[] = [];
    for (const name of artifactNames) {
      const row = artifacts[name];
      if (row.ofRun && !this.place.run) continue;
      const files = await row.files(this.place);
      if (files.some((path) => nameOf(this.place, path) in from)) parents.push(name);
    }
    return parents;
  }

  #digest(name: string): Promise<string | undefined> {
    return digestsOf(this.place.paths).of(pathOf(this.place, name));
  }

  /** Since when a file has been what it is. */
  async #written(name: string): Promise<string> {
    const { mtime } = await Deno.stat(pathOf(this.place, name));
    return time((mtime ?? new Date()).toISOString());
  }

  /** A path as people know it: relative to the workspace, with the run's real name. */
  #shown(path: string): string {
    return nameOf({ paths: this.place.paths }, path);
  }

  /** The command that makes `artifact` anew. */
  command(artifact: ReportName): string {
    const { task, ofRun } = artifacts[artifact], { paths, run } = this.place;
    const name = ofRun && run ? basename(run.root) : undefined;
    const input = artifact === "notes" || artifact === "public" ? " INPUT" : "";
    return nextCommand(`${task}${input}`, { run: name, data: paths.root });
  }
}

const time = (iso: string) => iso.replace(/\.\d+Z$/, "Z");

/**
 * Checks that `names` belong together, each with all it was made from, before a stage reads them.
 * Returns the digests of their files, which become the `from` of what the stage writes; what is not
 * there is left to its reader, which knows better what to say. Throws an `ArtifactError` of one line
 * that begins with `Cannot DOING`: what does not belong to what, since when, and what to run. Those
 * in `recorded` must say what they were made from.
 */
export async function openSources(
  place: Place,
  doing: string,
  names: readonly ReportName[],
  { recorded = [] }: { recorded?: readonly ReportName[] } = {},
): Promise<Sources> {
  const chain = new Chain(place);
  const sources: Sources = {};
  for (const name of artifactNames.filter((name) => names.includes(name))) {
    const { state, reason, report, command } = await chain.examine(name);
    const files = await artifacts[name].files(place);
    if (state === "unrecorded" && recorded.includes(name)) {
      throw new ArtifactError(
        `Cannot ${doing}: ${report} is missing, so that nothing says what ${
          nameOf({ paths: place.paths }, files[0])
        } was made from; run "${command}"`,
      );
    }
    if (state === "stale") {
      throw new ArtifactError(`Cannot ${doing}: ${reason}; run "${command}"`);
    }
    Object.assign(sources, await sourcesOf(place, files));
  }
  return sources;
}

/** Whether `artifact` is there and belongs to all that it was made from. */
export async function isFresh(
  paths: Workspace,
  artifact: ReportName,
  run?: RunPaths,
): Promise<boolean> {
  return (await new Chain({ paths, run }).examine(artifact)).state === "fresh";
}
