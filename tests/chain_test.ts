// The stages as a person runs them: out of order, and all in a row through quickstart.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function inWorkspace(test: (data: string) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "nano-med-gpt-chain-" });
  try {
    await test(data);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

const errorLines = (stderr: string) => stderr.split("\n").filter((line) => line !== "");

Deno.test("a stage called before its predecessor says in one line what to run, and writes nothing", () =>
  inWorkspace(async (data) => {
    const calls: [string[], string][] = [
      [["ingest", "/nowhere/notes.csv"], "/nowhere/notes.csv"],
      [["eda"], "deno task ingest"],
      [["tokenize"], "deno task ingest"],
      [["ngram"], "deno task tokenize"],
      [["train"], "deno task tokenize"],
      [["calibrate"], "deno task train"],
      [["eval"], "deno task train"],
      [["audit"], "deno task train"],
      [["complete", "Patient is a"], "deno task train"],
      [["export"], "deno task train"],
      [["serve"], "deno task export"],
    ];
    for (const [call, expected] of calls) {
      const { code, stderr } = await run(...call, "--data", data);
      assertEquals(code, 1, `${call[0]}: ${stderr}`);
      assertEquals(errorLines(stderr).length, 1, `${call[0]}: ${stderr}`);
      assertStringIncludes(stderr, expected, call[0]);
      assertMatch(stderr, /^error: /);
    }
    const left: string[] = [];
    for await (const { name } of Deno.readDir(data)) left.push(name);
    assertEquals(left, []);
  }));

Deno.test("every task explains itself and refuses unknown flags with exit code 2", async () => {
  const tasks = ["synthesize", "ingest", "eda", "tokenize", "ngram", "train", "watch", "eval"]
    .concat(
      "audit",
      "canaries",
      "calibrate",
      "complete",
      "export",
      "serve",
      "deploy",
      "quickstart",
      "bench",
    )
    .concat("status");
  for (const task of tasks) {
    const help = await run(task, "--help");
    assertEquals(help.code, 0, task);
    assertStringIncludes(help.stdout, `Usage: deno task ${task}`);
    const wrong = await run(task, "--no-such-flag");
    assertEquals(wrong.code, 2, `${task}: ${wrong.stderr}`);
    assertEquals(errorLines(wrong.stderr).length, 1, task);
  }
});

Deno.test("quickstart goes from nothing to a served completion, and reuses what is there", () =>
  inWorkspace(async (data) => {
    const flags = ["--notes", "150", "--vocab-size", "400", "--steps", "12", "--port", "0"]
      .concat("--no-serve", "--data", data);
    const first = await run("quickstart", ...flags);
    assertEquals(first.code, 0, first.stderr + first.stdout);
    assertMatch(
      first.stdout,
      /curl -s http:\/\/127\.0\.0\.1:\d+\/complete -H 'content-type: application\/json' -d '\{"text":/,
    );
    assertMatch(first.stdout, /"completions": ?\[/);
    const files = [
      "raw/synthetic/discharge.csv.gz",
      "interim/notes.parquet",
      "reports/eda/eda.json",
    ]
      .concat("processed/tokenizer.json", "runs/latest/log.jsonl", "runs/latest/eval/eval.json")
      .concat("runs/latest/calibration.json", "runs/latest/export/calibration.json")
      .concat("runs/latest/export/onnx/model.onnx", "runs/latest/export/README.md");
    for (const file of files) assert((await Deno.stat(join(data, file))).size > 0, file);
    const notes = await Deno.stat(join(data, "interim/notes.parquet"));

    const again = await run("quickstart", ...flags);
    assertEquals(again.code, 0, again.stderr + again.stdout);
    assertEquals(
      again.stdout.match(/already there/g)?.length,
      first.stdout.match(/^\$ deno task/gm)?.length,
    );
    assertEquals((await Deno.stat(join(data, "interim/notes.parquet"))).mtime, notes.mtime);
  }));
