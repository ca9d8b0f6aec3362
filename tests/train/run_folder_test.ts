import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type RunPaths, runPaths } from "../../pipeline/artifacts.ts";
import { ArtifactError } from "../../pipeline/lib/base/files.ts";
import { lockRun, makeRoom, readRunConfig } from "../../pipeline/train/run_folder.ts";
import { inFolder } from "../helpers/in_folder.ts";

/** A run as far as this module looks: a config and a checkpoint folder. */
async function writeRun(runs: string, name: string, startedAt: string): Promise<RunPaths> {
  const run = runPaths(join(runs, name));
  await Deno.mkdir(run.last, { recursive: true });
  await Deno.writeTextFile(run.config, JSON.stringify({ name, startedAt }));
  return run;
}

const names = async (runs: string) =>
  (await Array.fromAsync(Deno.readDir(runs))).map(({ name }) => name).sort();

Deno.test(
  "the latest run steps aside to a name made of its time, once per run",
  inFolder(async (runs) => {
    const run = await writeRun(runs, "latest", "2026-01-02T03:04:05.678Z");
    assertEquals(await makeRoom(run, false), "2026-01-02T03-04-05");
    await writeRun(runs, "latest", "2026-01-02T03:04:05.999Z");
    assertEquals(await makeRoom(run, false), "2026-01-02T03-04-05-2");
    assertEquals(await names(runs), ["2026-01-02T03-04-05", "2026-01-02T03-04-05-2"]);
    assertEquals(await makeRoom(run, false), undefined);
  }),
);

Deno.test(
  "a named run is never overwritten without --force, and the message says what to do",
  inFolder(async (runs) => {
    const run = await writeRun(runs, "mine", "2026-01-02T03:04:05.678Z");
    const error = await assertRejects(() => makeRoom(run, false), ArtifactError);
    for (const way of ["--resume", "--force", "--run NAME"]) assert(error.message.includes(way));
    assertEquals(await names(runs), ["mine"]);
    assertEquals(await makeRoom(run, true), undefined);
    assertEquals(await names(runs), []);
  }),
);

Deno.test(
  "what a start left that never reached a checkpoint is cleared away",
  inFolder(async (runs) => {
    const run = await writeRun(runs, "mine", "2026-01-02T03:04:05.678Z");
    await Deno.remove(run.last);
    assertEquals(await makeRoom(run, false), undefined);
    assertEquals(await names(runs), []);
  }),
);

Deno.test(
  "a run has one trainer at a time",
  inFolder(async (runs) => {
    const run = await writeRun(runs, "latest", "2026-01-02T03:04:05.678Z");
    {
      using _lock = await lockRun(run);
      await assertRejects(() => lockRun(run), ArtifactError, "another process is training");
      await assertRejects(() => makeRoom(run, true), ArtifactError, "another process is training");
    }
    using _again = await lockRun(run);
  }),
);

Deno.test(
  "a run that does not exist is refused with those that do",
  inFolder(async (runs) => {
    await writeRun(runs, "first", "2026-01-02T03:04:05.678Z");
    const error = await assertRejects(
      () => readRunConfig(runPaths(join(runs, "typo"))),
      ArtifactError,
    );
    assert(error.message.includes("deno task train"), error.message);
    assert(error.message.endsWith("there are runs: first"), error.message);
  }),
);
