import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { prepare } from "../../../pipeline/lib/base/prepare.ts";

async function inFolder(files: Record<string, string>, body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what compiles and needs nothing is prepared without a word", async () => {
  await inFolder({ "good.ts": "export const one: number = 1;" }, async (folder) => {
    assertEquals(await prepare("test", ["check", "--no-config", `${folder}/good.ts`]), undefined);
  });
});

Deno.test("a type error comes back as Deno says it", async () => {
  await inFolder({ "bad.ts": `export const one: number = "1";` }, async (folder) => {
    const error = await assertRejects(() =>
      prepare("test", ["check", "--no-config", `${folder}/bad.ts`])
    );
    assertMatch((error as Error).message, /TS2322/);
  });
});

Deno.test("a registry that cannot be reached is one line that says what to do", async () => {
  await inFolder({ "needs.ts": `import "npm:no-such-package-here@1.0.0";` }, async (folder) => {
    const registry = Deno.env.get("NPM_CONFIG_REGISTRY");
    Deno.env.set("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9/");
    const error = await assertRejects(() =>
      prepare("test", ["cache", "--no-config", `${folder}/needs.ts`])
    ).finally(() => {
      if (registry === undefined) Deno.env.delete("NPM_CONFIG_REGISTRY");
      else Deno.env.set("NPM_CONFIG_REGISTRY", registry);
    });
    const { message } = error as Error;
    assertMatch(message, /^Cannot fetch the npm packages: .+ check the network .+HTTPS_PROXY/);
    assertEquals(message.split("\n").length, 1);
  });
});
