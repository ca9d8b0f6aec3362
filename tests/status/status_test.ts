import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { type Status, statusOf } from "../../pipeline/status/status.ts";
import { statusText } from "../../pipeline/status/text.ts";
import { fakeChain, remake } from "../artifacts/fake_chain.ts";
import { inFolder } from "../helpers/in_folder.ts";

const states = ({ artifacts }: Status) =>
  Object.fromEntries(
    artifacts.map(({ artifact, run, state }) => [run ? `${run} ${artifact}` : artifact, state]),
  );

async function task(data: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "status", "--data", data, ...args],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test(
  "an empty workspace: everything is missing, and where to begin; nothing is written",
  inFolder(async (root) => {
    const data = join(root, "nothing");
    const { code, stdout, stderr } = await task(data);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "  tokens  missing\n");
    assertStringIncludes(stdout, `Next: deno task ingest INPUT --data ${data} with your notes`);
    const json: Status = JSON.parse((await task(data, "--json")).stdout);
    assertEquals(json.version, 1);
    assertEquals(states(json), {
      notes: "missing",
      eda: "missing",
      tokens: "missing",
      ngram: "missing",
    });
    assertEquals(await Array.fromAsync(Deno.readDir(root)), []);
  }),
);

Deno.test(
  "fresh, stale and missing are told apart, with when, from what, why and what to run",
  inFolder(async (root) => {
    const chain = await fakeChain(root);
    await fakeChain(root, "another");
    const fresh = await statusOf(chain.paths);
    assertEquals(new Set(Object.values(states(fresh))), new Set(["fresh"]));
    assertEquals(fresh.next, `deno task serve --data ${root}`);
    const tokens = fresh.artifacts.find(({ artifact }) => artifact === "tokens")!;
    assertEquals(tokens.from, ["notes", "public"]);
    assertEquals(tokens.sources.map(({ name, there }) => [name, there]), [
      ["interim/notes.parquet", true],
      ["interim/public.json", true],
    ]);
    assertEquals(tokens.reason, null);
    assertStringIncludes(statusText(fresh), "run another\n");
    assertMatch(
      statusText(fresh),
      /\n {2}tokens +fresh {4}\d{4}-\d\d-\d\d [\d:]{8} {2}from notes, public\n/,
    );

    await Deno.remove(join(chain.run.audit, "audit.json"));
    await remake(chain, "ngram", "notes");
    const changed = await statusOf(chain.paths);
    assertEquals(states(changed), {
      ...states(fresh),
      "latest calibration": "stale",
      "latest eval": "stale",
      "latest audit": "missing",
      "latest export": "stale",
      "another calibration": "stale",
      "another eval": "stale",
      "another export": "stale",
    });
    assertEquals(changed.next, `deno task calibrate --data ${root}`);
    const text = statusText(changed);
    assertStringIncludes(text, "was made from another processed/ngram.bin than the one written");
    assertStringIncludes(text, "as calibration is stale");

    await Deno.remove(chain.paths.runs, { recursive: true });
    assertEquals((await statusOf(chain.paths)).next, `deno task train --data ${root}`);
    await Deno.remove(join(root, "interim"), { recursive: true });
    assertEquals(
      (await statusOf(chain.paths)).next,
      `deno task ingest ${chain.paths.synthetic} --data ${root}`,
    );
  }),
);

Deno.test("usage errors end with 2", async () => {
  assertEquals((await task("nowhere", "extra")).code, 2);
  assertEquals(await Deno.stat("nowhere").then(() => true, () => false), false);
  assertEquals((await statusOf(workspace("nowhere"))).artifacts.length, 4);
});
