/**
 * `deno task test`: every test, with nothing to install first. Kernels run on a software WebGPU
 * adapter, so that results are the same everywhere; where Mesa's lavapipe is installed they run a
 * second time there, which has f16 and wider subgroups. `NANO_MED_GPU=native` uses the machine's
 * own adapter instead. Arguments (paths, --filter) go to `deno test`.
 *
 * The last line is `N passed, N failed`, counted over all passes.
 */

import { join } from "@std/path";
import { lavapipeEnvironment, swiftShaderEnvironment } from "./software_gpu.ts";

interface Pass {
  name: string;
  env: Record<string, string>;
  args: string[];
}

async function passes(args: string[]): Promise<Pass[]> {
  const paths = args.some((arg) => /^tests\b|\.ts$/.test(arg)) ? [] : ["tests/"];
  const everything = [...paths, ...args];
  const choice = Deno.env.get("NANO_MED_GPU") ?? "software";
  if (choice === "native") return [{ name: "native adapter", env: {}, args: everything }];
  if (choice !== "software") {
    throw new TypeError(`NANO_MED_GPU is "${choice}", expected "software" or "native"`);
  }
  const list = [{ name: "SwiftShader", env: await swiftShaderEnvironment(), args: everything }];
  const lavapipe = await lavapipeEnvironment();
  if (lavapipe && everything.some((arg) => /^tests\/?$|^tests\/kernels/.test(arg))) {
    const kernels = everything.filter((arg) => !/^tests\b/.test(arg) || arg.includes("kernels"));
    const rest = kernels.some((arg) => arg.includes("kernels")) ? [] : ["tests/kernels/"];
    list.push({ name: "lavapipe", env: lavapipe, args: [...kernels, ...rest] });
  }
  return list;
}

interface Count {
  passed: number;
  failed: number;
}

async function runPass({ name, env, args }: Pass, report: string): Promise<Count> {
  console.log(`\n# ${name}`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-prompt", "-A", `--junit-path=${report}`, ...args],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).spawn().status;
  const count = await readReport(report);
  // A child that failed without a failing test (type error, crash) counts as one failure.
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

async function readReport(path: string): Promise<Count> {
  const xml = await Deno.readTextFile(path).catch(() => "");
  const head = /<testsuites[^>]*>/.exec(xml)?.[0] ?? "";
  const number = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  return { passed: number("tests") - failed, failed };
}

async function main(args: string[]): Promise<number> {
  const folder = await Deno.makeTempDir();
  const total: Count = { passed: 0, failed: 0 };
  try {
    for (const [index, pass] of (await passes(args)).entries()) {
      const count = await runPass(pass, join(folder, `${index}.xml`));
      total.passed += count.passed;
      total.failed += count.failed;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
