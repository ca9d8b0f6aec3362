// What others build on is documented: every exported symbol and every type in its signature.

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const publicModules = [
  "kernels/mod.ts",
  "worker/plugin/mod.ts",
  "worker/plugin/client.ts",
  "worker/host/serve.ts",
  "worker/src/app.ts",
];

/** Lines of `deno doc --lint` that name a finding, each with the place it stands at. */
async function findings(modules: string[]): Promise<{ code: number; found: string[] }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...modules],
    cwd: fromFileUrl(new URL("..", import.meta.url)),
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const lines = new TextDecoder().decode(stderr).split("\n");
  const found = lines.flatMap((line, i) =>
    line.startsWith("error[") ? [`${line}${lines[i + 1]}`] : []
  );
  return { code, found };
}

Deno.test("the public modules are documented", async () => {
  assertEquals(await findings(publicModules), { code: 0, found: [] });
});

Deno.test("what is not documented is found", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, "export const answer: number = 42;\n");
    const { code, found } = await findings([file]);
    assertEquals([code, found.length], [1, 1]);
  } finally {
    await Deno.remove(file);
  }
});
