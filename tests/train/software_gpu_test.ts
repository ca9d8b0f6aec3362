// --gpu on an adapter that computes on the CPU: named before anything is written, with what to do.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { requestGpu } from "../../kernels/mod.ts";
import { exists } from "../../pipeline/lib/base/files.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { tinyFlags, tinyWorkspace } from "./tiny_workspace.ts";

const gpu = await requestGpu();
gpu.destroy();

Deno.test({
  name: "a software adapter is refused until --software-gpu says that it is wanted",
  ignore: !gpu.software,
  fn: inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const train = async (...args: string[]) => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "pipeline/train/main.ts", "--data", root, ...args],
        env: { NO_COLOR: "1", NANO_MED_SOFTWARE_GPU: "" }, // as where nobody has asked for it
      }).output();
      return { code, stderr: new TextDecoder().decode(stderr) };
    };
    const refused = await train("--gpu", ...tinyFlags(2));
    assertEquals(refused.code, 1);
    for (const part of [gpu.name, "computes on the CPU", "driver", "--software-gpu"]) {
      assertStringIncludes(refused.stderr, part);
    }
    assertEquals(await exists(paths.run("latest").root), false);
    const wanted = await train("--gpu", "--software-gpu", ...tinyFlags(2));
    assertEquals(wanted.code, 0, wanted.stderr);
    assertEquals((await train("--software-gpu", ...tinyFlags(2))).code, 2);
  }),
});
