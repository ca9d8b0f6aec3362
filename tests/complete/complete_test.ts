import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { workspace } from "../../pipeline/artifacts.ts";
import { writeJson } from "../../pipeline/lib/base/files.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";
import { writeTinyMixture } from "../helpers/tiny_mixture.ts";

async function complete(data: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "complete", "--data", data, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (output: Uint8Array) => new TextDecoder().decode(output).trimEnd();
  return { code, stdout: text(stdout), stderr: text(stderr).trim() };
}

Deno.test(
  "complete prints the alternatives with their confidence, the best first",
  inFolder(async (data) => {
    await writeTinyRun(workspace(data).run("tiny").root);
    const text = "on exam: ";
    const { code, stdout, stderr } = await complete(
      data,
      text,
      "--run",
      "tiny",
      "--min-confidence",
      "0.0001",
    );
    assertEquals(code, 0, stderr);
    const shares = stdout.split(/\n(?= *\d+%)/).map((line) => {
      assertMatch(line, /^ *\d+% {2}on exam: ./);
      return parseInt(line);
    });
    assert(shares.length <= 3);
    assertEquals(shares, [...shares].sort((a, b) => b - a));

    const sure = await complete(data, text, "--run", "tiny", "--min-confidence", "1");
    assertStringIncludes(sure.stdout, "Nothing reaches a confidence of 1");

    const generated = await complete(data, text, "--run", "tiny", "--generate", "5");
    assert(generated.stdout.startsWith(text) && generated.stdout.length > text.length);
    assertEquals(
      await complete(data, text, "--run", "tiny", "--generate", "5"),
      generated,
      "the same seed wrote another text",
    );
  }),
);

Deno.test(
  "complete decodes with the mixture that fits the checkpoint, and says why if it does not",
  inFolder(async (data) => {
    const paths = workspace(data), run = paths.run("tiny");
    await writeTinyRun(run.root);
    const file = await writeTinyMixture(run.root, paths.ngram);

    const args = ["on exam:", "--run", "tiny"];
    const both = await complete(data, ...args);
    assertMatch(both.stdout, /%.*on exam: no\b/);
    assertStringIncludes(both.stderr, "With the n-grams of");
    const alone = await complete(data, ...args, "--no-mixture");
    assert(!/on exam: no\b/.test(alone.stdout), alone.stdout);
    const generated = await complete(data, ...args, "--generate", "8", "--temperature", "0");
    assertStringIncludes(generated.stdout, "on exam: no fever");

    await writeJson(run.mixture, { ...file, checkpoint: "another" });
    const other = await complete(data, ...args);
    assertEquals(other.stdout, alone.stdout);
    assertStringIncludes(other.stderr, "was fitted to another checkpoint");
    await writeJson(run.mixture, file);
    await Deno.remove(paths.ngram);
    assertStringIncludes((await complete(data, ...args)).stderr, "is not the table that");
  }),
);

Deno.test(
  "complete says what is missing",
  inFolder(async (data) => {
    const missing = await complete(data, "a", "--run", "nano");
    assertEquals(missing.code, 1);
    assertStringIncludes(missing.stderr, 'run "deno task train --run nano" first');
    const unquoted = await complete(data, "Patient", "is");
    assertEquals(unquoted.code, 2);
    assertStringIncludes(unquoted.stderr, "Expected one TEXT, got 2 arguments; quote it");
  }),
);
