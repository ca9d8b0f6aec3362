import { assert, assertEquals } from "@std/assert";
import { type Corpus, deployed, efforts, modelsOf, stagesOf } from "../../pipeline/report/plan.ts";

const synthetic: Corpus = {
  name: "synthetic",
  title: "Synthetic notes",
  root: "data/synthetic",
  inDepth: false,
};
const real: Corpus = {
  name: "real",
  title: "real",
  root: "data/real",
  notes: "real.csv",
  inDepth: true,
};

Deno.test("stages have names of their own and come after what they need", () => {
  for (const effort of Object.values(efforts)) {
    for (const corpus of [synthetic, real]) {
      const names: string[] = [];
      for (const { name, after } of stagesOf(corpus, effort, "train")) {
        assert(!names.includes(name), name);
        assert(after === undefined || names.includes(after), `${name} after ${after}`);
        names.push(name);
      }
    }
  }
});

Deno.test("notes of one's own are ingested, not invented", () => {
  const tasks = (corpus: Corpus) =>
    stagesOf(corpus, efforts.quick, undefined).map(({ task }) => task);
  assert(tasks(synthetic).includes("synthesize"));
  assert(!tasks(real).includes("synthesize"));
  const ingest = stagesOf(real, efforts.quick, undefined).find(({ name }) => name === "ingest")!;
  assertEquals(ingest.args, ["real.csv"]);
});

Deno.test("the deployed model is the largest that was trained as long as the smallest", () => {
  assertEquals(deployed(synthetic, efforts.full), "micro");
  assertEquals(deployed(real, efforts.full), "mid");
  assertEquals(modelsOf(real, efforts.full), ["micro", "mid", "nano"]);
});

Deno.test("without a WebGPU adapter the engines are not compared", () => {
  const names = (gpu?: string) => stagesOf(synthetic, efforts.full, gpu).map(({ name }) => name);
  assert(names("train").includes("train engine-gpu"));
  assert(!names().some((name) => name.includes("engine")));
});
