// Who may import whom. The data flow stays readable only as long as stages meet through files and
// the kernels know nothing of the pipeline; this test reads every import in the repository.

import { assertEquals, assertGreater } from "@std/assert";
import { dirname, fromFileUrl, join, relative } from "@std/path";

const root = join(dirname(fromFileUrl(import.meta.url)), "..");

/** First match wins. `may` lists path prefixes beside the folder itself. */
const rules: { from: string; may: string[] }[] = [
  { from: "kernels/core/", may: [] },
  { from: "kernels/reference/", may: [] },
  { from: "kernels/ops/", may: ["kernels/core/"] },
  { from: "kernels/", may: ["kernels/"] },
  { from: "pipeline/decode/", may: [] },
  { from: "pipeline/model/", may: ["pipeline/config.ts", "pipeline/artifacts.ts"] },
  {
    from: "pipeline/onnx/",
    may: ["pipeline/config.ts", "pipeline/artifacts.ts", "pipeline/model/", "pipeline/decode/"],
  },
  {
    from: "pipeline/wasm/",
    may: ["pipeline/config.ts", "pipeline/model/", "pipeline/decode/"],
  },
  { from: "pipeline/report/", may: ["pipeline/artifacts.ts"] },
  { from: "pipeline/train/", may: ["kernels/mod.ts"] },
  { from: "pipeline/eval/", may: ["kernels/mod.ts"] },
  // An export without an audit does not exist: it makes up for a missing one.
  { from: "pipeline/export/main.ts", may: ["pipeline/export/", "pipeline/audit/run.ts"] },
  { from: "pipeline/quickstart.ts", may: ["pipeline/stages.ts", "worker/serve.ts"] },
  { from: "pipeline/write_up/", may: ["pipeline/stages.ts"] },
  { from: "pipeline/", may: [] },
  // What runs on this machine to build, start and deploy the worker is a task like any other.
  { from: "worker/serve.ts", may: ["worker/", "pipeline/artifacts.ts", "pipeline/cli.ts"] },
  { from: "worker/deploy.ts", may: ["worker/", "pipeline/artifacts.ts", "pipeline/cli.ts"] },
  { from: "worker/settings.ts", may: ["worker/", "pipeline/artifacts.ts"] },
  { from: "worker/", may: ["pipeline/decode/", "pipeline/wasm/"] },
  { from: "tests/", may: [""] },
];

/** What every stage of the pipeline may use. */
const shared = [
  "pipeline/config.ts",
  "pipeline/artifacts.ts",
  "pipeline/cli.ts",
  "pipeline/model/",
  "pipeline/onnx/",
  "pipeline/wasm/",
  "pipeline/decode/",
  "pipeline/measure/",
  "pipeline/ngram/",
  "pipeline/report/",
];
const building = ["decode", "model", "onnx", "wasm", "report"].map((name) => `pipeline/${name}/`);

const isStage = (file: string) =>
  file.startsWith("pipeline/") && !building.some((folder) => file.startsWith(folder));

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) {
      if (!/^(build|node_modules|\.wrangler)$/.test(entry.name)) yield* sources(`${path}/`);
    } else if (path.endsWith(".ts")) yield path;
  }
}

/** Relative specifiers in import, export and dynamic import statements. */
function relativeImports(code: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)"(\.{1,2}\/[^"]+)"/g;
  return [...code.matchAll(pattern)].map((match) => match[1]);
}

function allowed(from: string, to: string): boolean {
  const rule = rules.find((rule) => from.startsWith(rule.from));
  if (!rule) return false;
  // A file's own folder is the rule's folder, or, for the stages, pipeline/<stage>/.
  const own = rule.from === "pipeline/" ? from.split("/").slice(0, 2).join("/") + "/" : rule.from;
  const may = [own, ...rule.may, ...(isStage(from) ? shared : [])];
  return may.some((prefix) => to.startsWith(prefix));
}

Deno.test("imports point only along the data flow", async () => {
  const violations: string[] = [];
  let imports = 0;
  for (const folder of ["kernels/", "pipeline/", "worker/", "tests/"]) {
    for await (const file of sources(folder)) {
      for (const specifier of relativeImports(await Deno.readTextFile(join(root, file)))) {
        const target = relative(root, join(root, dirname(file), specifier));
        imports++;
        if (!allowed(file, target)) violations.push(`${file} imports ${target}`);
      }
    }
  }
  assertEquals(violations, []);
  assertGreater(imports, 20);
});

Deno.test("the rules themselves refuse what they should", () => {
  assertEquals(allowed("kernels/core/device.ts", "pipeline/config.ts"), false);
  assertEquals(allowed("kernels/ops/gelu.ts", "kernels/reference/gelu.ts"), false);
  assertEquals(allowed("pipeline/eda/main.ts", "pipeline/ingest/csv.ts"), false);
  assertEquals(allowed("pipeline/eda/main.ts", "kernels/mod.ts"), false);
  assertEquals(allowed("pipeline/train/main.ts", "kernels/ops/gelu.ts"), false);
  assertEquals(allowed("worker/src/app.ts", "pipeline/model/parameters.ts"), false);
  assertEquals(allowed("pipeline/eval/main.ts", "tests/helpers/run.ts"), false);
  assertEquals(allowed("pipeline/train/main.ts", "kernels/mod.ts"), true);
  assertEquals(relativeImports(`import a from "./a.ts"; export { b } from "../b.ts";`), [
    "./a.ts",
    "../b.ts",
  ]);
});

Deno.test("every source folder says what lives there", async () => {
  const folders = new Set<string>();
  for (const top of ["kernels/", "pipeline/", "worker/"]) {
    for await (const file of sources(top)) folders.add(dirname(file));
  }
  const silent: string[] = [];
  for (const folder of folders) {
    const candidates = ["README.md", "mod.ts", "main.ts"].map((name) => join(root, folder, name));
    const texts = await Promise.all(
      candidates.map((path) => Deno.readTextFile(path).catch(() => "")),
    );
    if (!texts.some((text) => /^(# |\/\*\*|\/\/\/[^]*?\n\/\*\*)/.test(text))) silent.push(folder);
  }
  assertGreater(folders.size, 20);
  assertEquals(silent, []);
});
