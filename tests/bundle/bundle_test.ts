/** The bundle in an empty folder with an empty home and without network. */

import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";

const root = join(dirname(fromFileUrl(import.meta.url)), "../..");

/** Runs a stage of the repository. */
async function stage(name: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", `pipeline/${name}/main.ts`, ...args],
    cwd: root,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** Runs the unpacked bundle where no address can be reached. */
async function bundled(folder: string, ...args: string[]) {
  const nowhere = "http://127.0.0.1:9", home = join(folder, "home");
  const launcher = join(folder, "nano-med-gpt/nano-med-gpt");
  const { code, stdout, stderr } = await new Deno.Command(launcher, {
    args,
    cwd: home,
    env: { HOME: home, HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, output: text.decode(stdout) + text.decode(stderr) };
}

Deno.test("the bundle tests and trains offline", async (t) => {
  const folder = await Deno.makeTempDir();
  const archive = join(folder, "bundle.tar.gz"), data = join(folder, "home/data");
  await stage("bundle", "--out", archive);
  assertLess((await Deno.stat(archive)).size, 60e6);
  const unpack = await new Deno.Command("tar", { args: ["-xzf", archive, "-C", folder] }).output();
  assert(unpack.success);
  await stage("synthesize", "--notes", "60", "--data", data);
  await stage("ingest", join(data, "raw/synthetic/discharge.csv.gz"), "--data", data);
  await stage("tokenize", "--vocab-size", "300", "--data", data);

  await t.step("its tests of the kernels run", async () => {
    const { code, output } = await bundled(folder, "test", "kernels", "--filter", "PyTorch");
    assertStringIncludes(output, " passed");
    assertEquals(code, 0, output);
  });
  await t.step("it trains", async () => {
    const tiny = ["--n-layer", "1", "--n-embd", "32", "--n-head", "2", "--n-positions", "32"];
    const steps = ["--steps", "2", "--batch-size", "2", "--eval-tokens", "64"];
    const { code, output } = await bundled(folder, "train", "--gpu", ...tiny, ...steps);
    assertEquals(code, 0, output);
    assert((await Deno.stat(join(data, "runs/latest/last/model.safetensors"))).isFile);
  });
  await t.step("it refuses what it has no packages for", async () => {
    const { code, output } = await bundled(folder, "train");
    assertEquals(code, 2);
    assertStringIncludes(output, "add --gpu");
  });
  await Deno.remove(folder, { recursive: true });
});
