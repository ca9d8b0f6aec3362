// Who may import whom. The data flow stays readable only as long as stages meet through files, the
// library knows no stage and the kernels know nothing of the pipeline; this test reads every import
// in the repository.

import { assertEquals, assertGreater } from "@std/assert";
import { dirname, fromFileUrl, join, relative } from "@std/path";

const root = join(dirname(fromFileUrl(import.meta.url)), "..");

const base = "pipeline/lib/base/";
const clinical = "pipeline/lib/clinical/";
const gpt = "pipeline/lib/gpt/";
/** The contract between stages: paths, shapes, readers and writers of their files. */
const artifacts = ["pipeline/artifacts.ts", "pipeline/artifacts/"];

/** First match wins. `may` lists path prefixes beside the folder itself. */
const rules: { from: string; may: string[] }[] = [
  { from: "kernels/core/", may: [] },
  { from: "kernels/reference/", may: [] },
  { from: "kernels/ops/", may: ["kernels/core/"] },
  { from: "kernels/", may: ["kernels/"] },
  // The library, from the ground up.
  { from: base, may: [] },
  { from: clinical, may: [base] },
  { from: gpt, may: [base, clinical] },
  { from: "pipeline/artifacts", may: ["pipeline/artifacts", base, clinical, gpt] },
  // Stages: what stands below, and nothing of each other.
  { from: "pipeline/train/", may: ["kernels/mod.ts"] },
  { from: "pipeline/quickstart/", may: ["worker/host/serve.ts"] },
  { from: "pipeline/", may: [] },
  // What runs in workerd or in a browser, and what runs on this machine to build and start it.
  { from: "worker/src/", may: [gpt, clinical] },
  { from: "worker/plugin/", may: [] },
  { from: "worker/pages/", may: ["worker/plugin/"] },
  { from: "worker/host/", may: ["worker/src/", base, gpt, ...artifacts, "deno.json"] },
  { from: "tests/", may: [""] },
];

const isStage = (file: string) => /^pipeline\/(?!lib\/|artifacts)/.test(file);

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* sources(`${path}/`);
    else if (path.endsWith(".ts")) yield path;
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
  const own = isStage(from) ? from.split("/").slice(0, 2).join("/") + "/" : rule.from;
  const may = [own, ...rule.may, ...(isStage(from) ? [base, clinical, gpt, ...artifacts] : [])];
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
  const refused = [
    ["kernels/core/device.ts", "pipeline/lib/gpt/config.ts"],
    ["kernels/ops/gelu.ts", "kernels/reference/gelu.ts"],
    ["pipeline/eda/main.ts", "pipeline/ingest/csv.ts"],
    ["pipeline/eda/main.ts", "kernels/mod.ts"],
    ["pipeline/eval/main.ts", "pipeline/audit/run.ts"],
    ["pipeline/export/main.ts", "pipeline/audit/run.ts"],
    ["pipeline/train/main.ts", "kernels/ops/gelu.ts"],
    ["pipeline/lib/gpt/model/checkpoint.ts", "pipeline/artifacts.ts"],
    ["pipeline/lib/base/cli.ts", "pipeline/lib/gpt/config.ts"],
    ["pipeline/lib/clinical/words.ts", "pipeline/lib/gpt/decode/suggest.ts"],
    ["pipeline/lib/gpt/decode/suggest.ts", "pipeline/eval/main.ts"],
    ["pipeline/artifacts.ts", "pipeline/eval/main.ts"],
    ["worker/src/app.ts", "worker/host/build.ts"],
    ["worker/src/app.ts", "pipeline/artifacts.ts"],
    ["worker/plugin/attach.ts", "worker/src/app.ts"],
    ["worker/host/serve.ts", "pipeline/export/main.ts"],
    ["pipeline/eval/main.ts", "tests/helpers/run/main.ts"],
  ];
  for (const [from, to] of refused) assertEquals(allowed(from, to), false, `${from} to ${to}`);
  assertEquals(allowed("pipeline/train/main.ts", "kernels/mod.ts"), true);
  assertEquals(allowed("pipeline/eval/main.ts", "pipeline/lib/gpt/decode/suggest.ts"), true);
  assertEquals(allowed("pipeline/eval/main.ts", "pipeline/artifacts.ts"), true);
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
