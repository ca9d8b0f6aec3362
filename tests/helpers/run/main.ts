/**
 * `deno task test`: every test, with nothing to install first. Kernels run on a software WebGPU
 * adapter, so that results are the same everywhere; where Mesa's lavapipe is installed they run a
 * second time there, which has f16 and wider subgroups. `NANO_MED_GPU=native` uses the machine's
 * own adapter instead.
 *
 *     deno task test                          everything
 *     deno task test tests/ingest             one folder
 *     deno task test tests/kernels --filter gelu
 *     deno task test --jobs 1                 one process at a time
 *
 * Imports nothing from npm: packages are fetched behind one line of progress first.
 */

import { prepare } from "../../../pipeline/lib/base/prepare.ts";

const named = Deno.args.filter((arg) => /^(\.\/)?tests\b/.test(arg));
const paths = named.length > 0 ? named : ["tests/"];
try {
  await prepare("tests", ["test", "--no-run", "--no-prompt", "-A", ...paths]);
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  Deno.exit(1);
}
const { main } = await import("./run.ts");
Deno.exit(await main(Deno.args));
