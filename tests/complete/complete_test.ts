import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { writeModelFiles } from "../../pipeline/export/export.ts";
import { readCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { startDeno } from "../../worker/host/start_deno.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";
import { writeTinyCalibration } from "../helpers/tiny_calibration.ts";

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
      "--n",
      "3",
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

const texts = ["", "on exam: ", "on exam: no", "The patient", "no ", "a".repeat(300)];
/** Enough where only the weights are others. */
const few = texts.slice(1, 3);

/** What the worker app says of each text, served from `exportFolder` without network access. */
async function workerAnswers(exportFolder: string, asked = few): Promise<unknown[]> {
  const worker = await startDeno({ exportFolder, port: 0 });
  try {
    return await Promise.all(asked.map(async (text) => {
      const response = await fetch(`${worker.url}/complete`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text }),
      });
      return (await response.json()).completions;
    }));
  } finally {
    await worker.stop();
  }
}

async function completeAnswers(data: string, asked = few): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const text of asked) {
    const { code, stdout, stderr } = await complete(data, "--run", "tiny", "--json", "--", text);
    assertEquals(code, 0, stderr);
    answers.push(JSON.parse(stdout).completions);
  }
  return answers;
}

Deno.test(
  "complete says what the worker says: same weights, kernels, n-grams, confidence and rules",
  inFolder(async (data) => {
    const paths = workspace(data), run = paths.run("tiny");
    const { exportFolder } = await writeTinyRun(run.root);
    await writeTinyCalibration(paths, "tiny");
    await Deno.copyFile(run.calibration, join(exportFolder, "calibration.json"));
    await Deno.copyFile(paths.ngram, join(exportFolder, "ngram.bin"));
    // With layers that the export's gates kept in float32 …
    const exported = await workerAnswers(exportFolder, texts);
    assert(exported.flat().length >= 3, "too few suggestions to compare");
    assertEquals(await completeAnswers(data, texts), exported);
    // … all in int8 …
    const checkpoint = await readCheckpoint(run.last);
    await writeModelFiles(exportFolder, checkpoint);
    const quantized = await workerAnswers(exportFolder);
    assertEquals(await completeAnswers(data), quantized);
    // … and before there is an export.
    await Deno.remove(exportFolder, { recursive: true });
    assertEquals(await completeAnswers(data), quantized);
    // Not calibrated, both show the GPT alone at the usual confidence.
    await writeTinyRun(run.root);
    await Deno.remove(run.calibration);
    assertEquals(await completeAnswers(data), await workerAnswers(exportFolder));
  }),
);

Deno.test(
  "complete decodes with the calibration of the run, and refuses one that is of something else",
  inFolder(async (data) => {
    const paths = workspace(data), run = paths.run("tiny");
    await writeTinyRun(run.root);
    await writeTinyCalibration(paths, "tiny");

    const args = ["on exam:", "--run", "tiny", "--n", "3", "--min-confidence", "0.01"];
    const both = await complete(data, ...args);
    assertMatch(both.stdout, /%.*on exam: no\b/);
    assertStringIncludes(both.stderr, "GPT + n-grams, from confidence 0.2, in int8");
    const alone = await complete(data, ...args, "--no-mixture");
    assert(!/on exam: no\b/.test(alone.stdout), alone.stdout);
    assertStringIncludes(alone.stderr, "The GPT alone, from confidence 0.4");
    const generated = await complete(data, ...args, "--generate", "8", "--temperature", "0");
    assertStringIncludes(generated.stdout, "on exam: no fever");

    await Deno.writeTextFile(run.tokenizer, `${await Deno.readTextFile(run.tokenizer)}\n`);
    const stale = await complete(data, ...args);
    assertEquals(stale.code, 1);
    assertMatch(stale.stderr, /made from another .*tokenizer\.json.*run "deno task calibrate/);
    assertEquals(stale.stderr.split("\n").length, 1);
  }),
);

Deno.test(
  "complete names calibrate where a run has the mixture.json of an older version",
  inFolder(async (data) => {
    const run = workspace(data).run("tiny");
    await writeTinyRun(run.root);
    await Deno.writeTextFile(join(run.root, "mixture.json"), "{}");
    const { code, stderr } = await complete(data, "on exam:", "--run", "tiny");
    assertEquals(code, 1);
    assertMatch(stderr, /run "deno task calibrate --run tiny --data .*" first$/);
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

Deno.test(
  "complete --context knows the patient, and says where from",
  inFolder(async (data) => {
    await writeTinyRun(workspace(data).run("tiny").root);
    const list = join(data, "list.json");
    await Deno.writeTextFile(
      list,
      JSON.stringify([{ kind: "medications", source: "List", text: "zolpidem zolpidem" }]),
    );
    const { code, stdout, stderr } = await complete(
      data,
      "on exam: zo",
      ...["--run", "tiny", "--context", list, "--min-confidence", "0", "--json"],
    );
    assertEquals(code, 0, stderr);
    for (const { sources } of JSON.parse(stdout).completions) assert(Array.isArray(sources));
    const missing = await complete(data, "a", "--run", "tiny", "--context", join(data, "none"));
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, "no such file");
    await Deno.writeTextFile(list, '[{"kind": "nose", "text": "x"}]');
    const wrong = await complete(data, "a", "--run", "tiny", "--context", list);
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, "item 1 has no kind");
  }),
);
