// Stages as people call them, on what no longer belongs together: each refuses in one line that says
// what does not belong to what, since when, and what to run; none reports a figure.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Split, type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeNotes } from "../tokenize/notes_parquet.ts";
import { tinyFlags } from "../train/tiny_workspace.ts";

async function run(paths: Workspace, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args, "--data", paths.root],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function done(paths: Workspace, ...args: string[]): Promise<void> {
  const { code, stderr } = await run(paths, ...args);
  assertEquals(code, 0, `${args.join(" ")}: ${stderr}`);
}

/** Two notes each of ten patients; those of the last one say what nobody else's do. */
const notes = Array.from({ length: 60 }, (_, index) => ({
  note_id: `n${index}`,
  subject_id: `p${index % 30}`,
  split: (["val", "test"][index % 30 - 25] ?? "train") as Split,
  text: index % 30 === 9
    ? "He tends the lighthouse at Larkspur Hollow and keeps a tame raven there."
    : `Admitted with chest pain, seen on day ${index % 30}, sent home on aspirin 81 mg daily.`,
}));

const refuse = async (paths: Workspace, why: RegExp, command: string, ...calls: string[]) => {
  for (const call of calls) {
    const { code, stderr } = await run(paths, ...call.split(" "));
    assertEquals(code, 1, `${call}: ${stderr}`);
    assertEquals(stderr.trim().split("\n").length, 1, `${call}: ${stderr}`);
    assertMatch(stderr, /^error: Cannot /, call);
    assertMatch(stderr, why, call);
    assertMatch(stderr, /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, call);
    assertStringIncludes(stderr, `run "deno task ${command} --data ${paths.root}"`, call);
  }
};

Deno.test(
  "notes in another order, other tokens, another vocabulary: every reader refuses",
  inFolder(async (root) => {
    const paths = workspace(root);
    await writeNotes(paths.notes, notes);
    await done(paths, "tokenize", "--vocab-size", "300");
    await done(paths, "ngram", "--min-patients", "2");
    await done(paths, "train", ...tinyFlags(2));
    const unaudited = await run(paths, "export");
    assertEquals(unaudited.code, 1);
    assertMatch(
      unaudited.stderr,
      /audit\.json does not exist; run "deno task audit --data .*" first/,
    );

    // The same notes in another order: nobody may take one patient's notes for another's.
    await writeNotes(paths.notes, notes.toReversed());
    await refuse(
      paths,
      /tokens\.json of .* was made from another interim\/notes\.parquet than the one written/,
      "tokenize",
      "ngram",
      "train",
      "train --resume",
      "eval",
      "audit",
      "export",
      "handoff",
    );

    // Tokenized again, with the run's own tokenizer: a membership test would compare nonsense.
    await done(paths, "tokenize", "--tokenizer", paths.run("latest").root);
    const otherData =
      /runs\/latest\/config\.json of .* was made from another processed\/train\.bin than the one/;
    await refuse(paths, otherData, "train", "train --resume", "eval", "audit", "export");

    // Another vocabulary, of more tokens than the run has.
    await done(paths, "tokenize", "--vocab-size", "320");
    const otherTokens =
      /runs\/latest\/config\.json of .* was made from another processed\/tokenizer/;
    await refuse(paths, otherTokens, "train", "train --resume", "eval", "audit", "export");

    // What belongs together again is good again.
    await writeNotes(paths.notes, notes);
    await done(paths, "tokenize", "--vocab-size", "300");
    const { stdout } = await run(paths, "train", "--resume");
    assertStringIncludes(stdout, "has done its 2 steps");
    const status = JSON.parse((await run(paths, "status", "--json")).stdout);
    const states = status.artifacts.map(({ artifact, state }: Record<string, string>) =>
      `${artifact} ${state}`
    );
    assert(states.includes("run fresh"), states.join());
  }),
);
