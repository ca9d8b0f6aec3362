/**
 * Runs stages one after the other exactly as a person would call them, for `quickstart` and `report`.
 *
 * A stage is run again when its command line changed, when its artifact no longer belongs to what it
 * was made from (chain.ts), or when it did not end. Command lines are kept in one JSON file in the
 * workspace. A killed run goes on where it was.
 */

import { fromFileUrl, join } from "@std/path";
import { workspace } from "../artifacts.ts";
import { exists, requireFile, writeJson } from "../lib/base/files.ts";
import { isFresh, openSources } from "./chain.ts";
import type { ReportName } from "./reports.ts";

export interface Stage {
  /** Unique among the stages of one record. */
  name: string;
  /** The `deno task` to call. */
  task: string;
  /** What it does, in the words of someone who has not read the manual. */
  does: string;
  args: readonly string[];
  /** The file whose presence shows that the stage ended well. */
  output: string;
  /** What it makes, and of which run. */
  artifact?: ReportName;
  run?: string;
  /** For what is no artifact of the chain: the stage that it has to follow. */
  after?: string;
  /** How to go on with it after it was stopped, once the file `from` exists. */
  resume?: { args: readonly string[]; from: string };
}

/** By stage name. */
interface StageRecord {
  /** Command lines of what ended. */
  done: Record<string, string>;
  /** Command lines of what was begun and did not end. */
  begun: Record<string, string>;
}

export interface StageOptions {
  /** Workspace of all stages (`--data`). */
  data: string;
  record: string;
  /** The task that a person calls to go on after a failure. */
  caller: string;
  /** How many steps follow that are not stages, for the count in front of each title. */
  more?: number;
}

const repository = fromFileUrl(new URL("../../", import.meta.url));

/** Runs what has to be run, in order. Throws on the first stage that fails. */
export async function runStages(stages: readonly Stage[], options: StageOptions): Promise<void> {
  const record = await readRecord(options.record);
  const total = stages.length + (options.more ?? 0);
  for (const [index, stage] of stages.entries()) {
    const { name, task, args, output, resume } = stage;
    const key = `${task} ${args.join(" ")}`;
    const title = `[${index + 1}/${total}] ${name}: ${stage.does}`;
    const fresh = await belongs(stage, options.data);
    if (record.done[name] === key && await exists(output) && fresh) {
      console.log(`${title} — already there`);
      continue;
    }
    const again = resume && record.begun[name] === key && fresh && await exists(resume.from);
    for (const { name: other, after } of stages) {
      if (other === name || after === name) delete record.done[other];
    }
    record.begun[name] = key;
    await writeJson(options.record, record);
    await runStage(task, again ? resume.args : args, title, options);
    await requireFile(output, `deno task ${task} --data ${options.data}`);
    record.done[name] = key;
    delete record.begun[name];
    await writeJson(options.record, record);
  }
}

/** Whether what the stage has made, if it is there, belongs to what it was made from. */
async function belongs({ artifact, run }: Stage, data: string): Promise<boolean> {
  if (artifact === undefined) return true;
  const paths = workspace(data);
  return await isFresh(paths, artifact, run === undefined ? undefined : paths.run(run));
}

/** Throws an `ArtifactError` if something that `stages` make does not belong to the rest of it. */
export async function requireFresh(stages: readonly Stage[], data: string): Promise<void> {
  const paths = workspace(data);
  for (const { artifact, run } of stages) {
    if (artifact === undefined) continue;
    const place = { paths, run: run === undefined ? undefined : paths.run(run) };
    await openSources(place, "write the report", [artifact]);
  }
}

/** As a shell wants it. */
const quoted = (word: string) => /^[\w./=-]+$/.test(word) ? word : `"${word}"`;

async function runStage(
  task: string,
  args: readonly string[],
  title: string,
  { data, caller }: StageOptions,
): Promise<void> {
  const words = [...args, "--data", data];
  console.log(`\n${title}\n$ deno task ${task} ${words.map(quoted).join(" ")}`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "task",
      "--quiet",
      "--config",
      join(repository, "deno.json"),
      ...task.split(" "),
      ...words,
    ],
    stdin: "null",
  }).spawn().status;
  if (code !== 0) {
    throw new Error(
      `Stage ${task} failed with exit code ${code}; see its message above. Run "deno task ${caller}" again to continue from there`,
    );
  }
}

async function readRecord(path: string): Promise<StageRecord> {
  try {
    const { done = {}, begun = {} } = JSON.parse(await Deno.readTextFile(path));
    return { done, begun };
  } catch {
    return { done: {}, begun: {} };
  }
}
