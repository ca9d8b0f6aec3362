import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { writeJson } from "../../pipeline/lib/base/files.ts";
import { createWatchApp, type RunRow } from "../../pipeline/train/watch/app.ts";
import { lossCeiling, trainingPoints } from "../../pipeline/train/curves.ts";
import { readLog } from "../../pipeline/train/log.ts";
import { train } from "../../pipeline/train/trainer.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { tinyJob } from "./tiny_job.ts";

async function writeRun(paths: Workspace, name: string, steps: number): Promise<void> {
  const run = paths.run(name);
  const job = tinyJob(run.root, { steps });
  await train(job);
  await writeJson(run.config, {
    name: "latest",
    startedAt: `2026-01-0${steps / 10}T00:00:00.000Z`,
    engine: "test",
    parameters: 7,
    train: job.train,
    baseline: { bigram: 2.5, k: 1 },
  });
  await Deno.writeTextFile(run.samples, `──── step ${steps} ────\nof ${name} <b>\n\n`);
}

Deno.test(
  "the page shows every run with its newest numbers, curves overlaid, samples as plain text",
  inFolder(async (root) => {
    const paths = workspace(root);
    const app = createWatchApp(paths);
    assertEquals(await (await app.request("/runs")).json(), []);
    await writeRun(paths, "first", 10);
    await writeRun(paths, "second", 20);

    const rows: RunRow[] = await (await app.request("/runs")).json();
    assertEquals(rows.map(({ name, step, steps }) => [name, step, steps]), [
      ["second", 20, 20],
      ["first", 10, 10],
    ]);
    const log = await readLog(paths.run("second").log);
    assertEquals(rows[0].validationLoss, log.findLast((e) => e.kind === "validation")!.loss);

    const both = await app.request("/chart?run=first&run=second&axis=tokens");
    assertEquals(both.headers.get("Content-Type"), "image/svg+xml");
    const svg = await both.text();
    for (const part of ["first", "second", "training tokens", "bigram baseline 2.50"]) {
      assertStringIncludes(svg, part);
    }
    const one = await (await app.request("/chart?run=first")).text();
    assert(one.includes("validation") && !one.includes("second"));

    const samples = await app.request("/samples?run=first");
    assertStringIncludes(samples.headers.get("Content-Type")!, "text/plain");
    assertStringIncludes(await samples.text(), "of first <b>");
    assertStringIncludes(await (await app.request("/")).text(), "--series1");
  }),
);

Deno.test(
  "a name that is no run reaches no file",
  inFolder(async (root) => {
    const paths = workspace(root);
    await writeRun(paths, "first", 10);
    const app = createWatchApp(paths);
    for (const name of ["none", "..", "../runs/first", "%2e%2e%2fruns%2ffirst"]) {
      for (const path of ["/samples", "/chart"]) {
        const { status } = await app.request(`${path}?run=${name}`);
        assertEquals(status, 404, name);
      }
    }
  }),
);

Deno.test("the chart's height goes to what every run has left after its beginning", () => {
  const points = (series: string, steps: number, last: number) =>
    Array.from({ length: steps }, (_, i) => ({ x: i + 1, loss: last + 5 / (i + 1), series }));
  const { domainMax } = lossCeiling([...points("short", 10, 4), ...points("long", 100, 3)]);
  assertGreater(domainMax!, 4 + 5 / 3); // the short run from its third step on is inside
  assertLess(domainMax!, 4 + 5); // its first is not
  assertEquals(lossCeiling(points("new", 1, 3)), {});
});

Deno.test("long training curves are averaged over stretches, none of them left out", () => {
  const entries = Array.from({ length: 1000 }, (_, i) => ({
    kind: "train" as const,
    step: i + 1,
    tokens: 8 * (i + 1),
    loss: i + 1,
    gradNorm: 1,
    learningRate: 1,
    tokensPerSecond: 1,
  }));
  const points = trainingPoints(entries, "tokens", "training");
  assertEquals(points.length, 334);
  assertEquals(points[0], { x: 24, loss: 2, series: "training" });
  assertEquals(points.at(-1), { x: 8000, loss: 1000, series: "training" });
});
