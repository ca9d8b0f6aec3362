// A workspace with every artifact of the chain, each as small as it gets: files of a few letters
// with the reports that name them. Nothing in it can be trained on or served.

import { dirname, join } from "@std/path";
import { type RunPaths, splits, type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { artifacts, openSources } from "../../pipeline/artifacts/chain.ts";
import { lineageOf, type Place } from "../../pipeline/artifacts/lineage.ts";
import { AUDIT_VERSION, type ReportName } from "../../pipeline/artifacts/reports.ts";
import { writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";

export interface FakeChain {
  paths: Workspace;
  run: RunPaths;
  place: Place;
}

/** What each artifact is made from here, in the order of the chain. */
export const parents: Record<ReportName, ReportName[]> = {
  synthetic: [],
  notes: ["synthetic"],
  public: [],
  eda: ["notes"],
  tokens: ["notes", "public"],
  ngram: ["notes", "tokens"],
  run: ["tokens"],
  calibration: ["tokens", "ngram", "run"],
  eval: ["tokens", "ngram", "run", "calibration"],
  audit: ["notes", "tokens", "run"],
  export: ["tokens", "ngram", "run", "calibration", "eval", "audit"],
};

const count = { notes: 0, seed: 0, order: 6, minPatients: 5, tokens: 9, parameters: 1 };

const served = { system: "GPT", kind: "gpt", minConfidence: 0.3, why: "" };

/** What a report has to hold besides its lineage to be read at all. */
const contents: Record<ReportName, Record<string, unknown>> = {
  synthetic: { version: 1, ...count },
  notes: {
    version: 2,
    inputs: [],
    synthetic: true,
    notes: { read: 1, kept: 1, rejected: 0 },
    split_rule: "",
    repairs: {},
    notes_with_lost_characters: 0,
    rejected_by_reason: {},
  },
  public: { version: 1, sources: [{ name: "web", licence: "CC0", texts: 1, characters: 9 }] },
  eda: { version: 2 },
  tokens: { version: 2, kind: "bpe", vocabSize: 9 },
  ngram: { version: 2, ...count },
  run: { version: 2, name: "latest", startedAt: "2026-12-01T00:00:00.000Z", preset: "micro" },
  calibration: {
    version: 1,
    run: "latest",
    mixture: { table: null, note: [1, 1, 1, 1, 1] },
    validation: { notes: 2, gpt: 2, table: null, gptAndTable: null, gptAndNote: 1, mixture: 1 },
    typing: { notes: 2, excerpt: 0, readingCost: 0.5, trainNotes: 0 },
    systems: [],
    served,
  },
  eval: { version: 3, served, checkpoint: { sha256: "" }, models: [] },
  audit: {
    version: AUDIT_VERSION,
    checkpoint: "",
    calibration: null,
    verdict: "pass",
    sizes: { members: 150, unseen: 150, texts: 300, completions: 3000 },
    checks: [],
  },
  export: { version: 2, run: "latest", files: {}, mixture: null, ...count },
};

/** Files that are written before the report which names them. */
function filesOf({ paths, run }: FakeChain, name: ReportName): string[] {
  switch (name) {
    case "synthetic":
      return [paths.synthetic];
    case "notes":
      return [paths.notes];
    case "public":
      return [paths.publicTexts("web")];
    case "tokens":
      return [paths.tokenizer, ...splits.map(paths.tokens), paths.publicTokens];
    case "ngram":
      return [paths.ngram];
    case "run":
      return [run.tokenizer];
    case "export":
      return [join(run.export, "worker.safetensors")];
    default:
      return [];
  }
}

/** Makes `name` out of what is there now, as its stage would. */
export async function remake(chain: FakeChain, name: ReportName, content = name): Promise<void> {
  const from = await openSources(chain.place, `make ${name}`, parents[name]);
  const files = filesOf(chain, name);
  for (const path of files) await writeAtomic(path, `${content} ${path.length}`);
  if (name === "run") {
    await writeAtomic(join(chain.run.best, "model.safetensors"), `${content} weights`);
  }
  const report = artifacts[name].report(chain.place);
  await Deno.mkdir(dirname(report), { recursive: true });
  await writeJson(report, {
    ...contents[name],
    lineage: await lineageOf(chain.place, from, files),
  });
}

/** All artifacts, fresh. */
export async function fakeChain(root: string, name = "latest"): Promise<FakeChain> {
  const paths = workspace(root), run = paths.run(name);
  const chain = { paths, run, place: { paths, run } };
  for (const name of Object.keys(parents) as ReportName[]) await remake(chain, name);
  return chain;
}
