/**
 * Runs stages one after the other exactly as a person would call them, for `quickstart` and `report`.
 *
 * A stage is run again only when its command line or anything before it changed, or its output is
 * gone; the record of that is one JSON file in the workspace. A killed run goes on where it was.
 */

import { fromFileUrl, join } from "@std/path";
import { exists, requireFile, writeJson } from "./files.ts";

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
  /** Name of the stage whose output it needs. */
  after?: string;
  /** How to go on with it after it was stopped, once the file `from` exists. */
  resume?: { args: readonly string[]; from: string };
}

/** Stages that each need the one before; called by the name of their task. */
export function chain(stages: readonly Omit<Stage, "name" | "after">[]): Stage[] {
  return stages.map((stage, i) => ({ ...stage, name: stage.task, after: stages[i - 1]?.task }));
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

const repository = fromFileUrl(new URL("../../../", import.meta.url));

/** Runs what has to be run, in order. Throws on the first stage that fails. */
export async function runStages(stages: readonly Stage[], options: StageOptions): Promise<void> {
  const record = await readRecord(options.record);
  const keys = new Map<string, string>();
  const renewed = new Set<string>();
  const total = stages.length + (options.more ?? 0);
  for (const [index, stage] of stages.entries()) {
    const { name, task, args, output, after, resume } = stage;
    const key = `${after ? `${keys.get(after)} | ` : ""}${task} ${args.join(" ")}`;
    keys.set(name, key);
    const title = `[${index + 1}/${total}] ${name}: ${stage.does}`;
    const made = record.done[name] === key && await exists(output);
    if (made && !(after && renewed.has(after))) {
      console.log(`${title} — already there`);
      continue;
    }
    renewed.add(name);
    const again = resume && record.begun[name] === key && await exists(resume.from);
    // What follows was made from what is about to be replaced.
    for (const later of stages.slice(index)) {
      if (later !== stage && !descends(later, name, stages)) continue;
      delete record.done[later.name];
      delete record.begun[later.name];
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

function descends(stage: Stage, ancestor: string, stages: readonly Stage[]): boolean {
  if (stage.after === undefined) return false;
  if (stage.after === ancestor) return true;
  const parent = stages.find(({ name }) => name === stage.after);
  return parent !== undefined && descends(parent, ancestor, stages);
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
      `Stage ${task} failed with exit code ${code}; its message stands above. Run "deno task ${caller}" again to continue from there`,
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
