// What is run again, and what is not, when a chain of stages is called a second time.

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { runStages, type Stage } from "../../pipeline/artifacts/stages.ts";
import { writeJson } from "../../pipeline/lib/base/files.ts";

interface Chain {
  data: string;
  record: string;
  stages: (notes: number) => Stage[];
  /** Names of the stages that were called, with their arguments. */
  called: (stages: Stage[]) => Promise<string[]>;
}

/** A chain of two quick stages in a new workspace. */
async function inChain(test: (chain: Chain) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "nano-med-gpt-stages-" });
  const { synthetic, notes } = workspace(data);
  const record = join(data, "record.json");
  const stages = (count: number): Stage[] => [
    {
      name: "invent",
      task: "synthesize",
      artifact: "synthetic",
      does: "invent notes",
      args: ["--notes", `${count}`],
      output: synthetic,
      resume: { args: ["--notes", "22"], from: synthetic },
    },
    {
      name: "read",
      task: "ingest",
      artifact: "notes",
      does: "read",
      args: [synthetic],
      output: notes,
    },
  ];
  const called = async (list: Stage[]) => {
    const lines: string[] = [];
    const { log } = console;
    console.log = (line: string) => lines.push(line);
    try {
      await runStages(list, { data, record, caller: "test" });
    } finally {
      console.log = log;
    }
    return lines.join("\n").match(/(?<=^\$ deno task ).*(?= --data)/gm)?.map((line) =>
      line.replace(data, "DATA")
    ) ?? [];
  };
  try {
    await test({ data, record, stages, called });
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

Deno.test("only what changed, and what was made from it, is run again", () =>
  inChain(async ({ data, stages, called }) => {
    const ingest = "ingest DATA/raw/synthetic/discharge.csv.gz";
    assertEquals(await called(stages(20)), ["synthesize --notes 20", ingest]);
    assertEquals(await called(stages(20)), []);
    await Deno.remove(workspace(data).notes);
    assertEquals(await called(stages(20)), [ingest]);
    assertEquals(await called(stages(21)), ["synthesize --notes 21", ingest]);
  }));

Deno.test("a stage that was begun and did not end is resumed, unless its command changed", () =>
  inChain(async ({ record, stages, called }) => {
    await called(stages(20));
    await writeJson(record, { done: {}, begun: { invent: "synthesize --notes 20" } });
    assertEquals((await called(stages(20)))[0], "synthesize --notes 22");
    await writeJson(record, { done: {}, begun: { invent: "synthesize --notes 20" } });
    assertEquals((await called(stages(21)))[0], "synthesize --notes 21");
  }));

Deno.test("a failed stage names the command to go on with, and is not taken for done", () =>
  inChain(async ({ stages, called }) => {
    const [first, second] = stages(20);
    const broken = { ...first, args: ["--notes", "few"] };
    await assertRejects(() => called([broken, second]), Error, 'Run "deno task test" again');
    assertEquals((await called([first, second])).length, 2);
  }));
