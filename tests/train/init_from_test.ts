import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { ArtifactError, writeJson } from "../../pipeline/lib/base/files.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import type { Tokenizer } from "../../pipeline/lib/gpt/decode/types.ts";
import { writeCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { initialParameters } from "../../pipeline/lib/gpt/model/init.ts";
import { charTokenizerJson, tokenizerConfig } from "../../pipeline/tokenize/tokenizer_json.ts";
import {
  adaptParameters,
  type InitialModel,
  readInitialModel,
} from "../../pipeline/train/init_from.ts";
import { readLog } from "../../pipeline/train/log.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { tinyModel } from "./tiny_engine.ts";
import { tinyFlags, tinyWorkspace, training } from "./tiny_workspace.ts";

/** A tokenizer of whole pieces that encodes by the longest piece that fits. */
function pieces(list: string[]): Tokenizer {
  const encode = (text: string): number[] => {
    if (text === "") return [];
    const [best] = list.filter((piece) => piece && text.startsWith(piece))
      .sort((a, b) => b.length - a.length);
    return [list.indexOf(best), ...encode(text.slice(best.length))];
  };
  return {
    vocabSize: list.length,
    endOfText: list.indexOf(""),
    encode,
    decode: (tokens) => tokens.map((token) => list[token]).join(""),
    tokenBytes: (token) => new TextEncoder().encode(list[token]),
  };
}

const old = ["a", "b", "ab", ""];
const width = tinyModel.n_embd;

function initialModel(tokenizer?: Tokenizer): InitialModel {
  const config = { ...tinyModel, vocab_size: old.length };
  const parameters = initialParameters(config, 5);
  return { config, parameters, tokenizer, folder: "model", licences: {}, warnings: [] };
}

const row = (values: Float32Array, index: number) => [
  ...values.subarray(index * width, (index + 1) * width),
];

Deno.test("the same tokenizer and context change nothing and warn of nothing", () => {
  const model = initialModel(pieces(old));
  const { parameters, warnings } = adaptParameters(model, model.config, pieces(old), 1);
  assertEquals(parameters, model.parameters);
  assertEquals(warnings, []);
});

Deno.test("another vocabulary: known tokens keep their rows, new ones are the mean of their parts", () => {
  const model = initialModel(pieces(old));
  const to = pieces(["", "b", "aab", "a"]);
  const { parameters, warnings } = adaptParameters(model, model.config, to, 1);
  const [before, after] = [model.parameters, parameters].map((p) => p.get("wte.weight")!);
  assertEquals(row(after, 0), row(before, 3)); // the end of text, whatever its id
  assertEquals(row(after, 1), row(before, 1));
  assertEquals(row(after, 3), row(before, 0));
  row(after, 2).forEach((value, i) =>
    assertAlmostEquals(value, (row(before, 0)[i] + row(before, 2)[i]) / 2, 1e-7) // a + ab
  );
  assertEquals(warnings.length, 1);
  assert(warnings[0].includes("3 tokens keep their embedding"), warnings[0]);
});

Deno.test("another context: positions are cut off, or added as in a new model", () => {
  const model = initialModel(pieces(old));
  const wpe = model.parameters.get("wpe.weight")!;
  const adapt = (n_positions: number) =>
    adaptParameters(model, { ...model.config, n_positions }, pieces(old), 1);
  const shorter = adapt(3), longer = adapt(10);
  assertEquals(shorter.parameters.get("wpe.weight"), wpe.slice(0, 3 * width));
  const rows = longer.parameters.get("wpe.weight")!;
  assertEquals(rows.slice(0, wpe.length), wpe);
  assert(row(rows, 9).some((value) => value !== 0));
  assertEquals([shorter.warnings.length, longer.warnings.length], [1, 1]);
});

Deno.test("without its tokenizer a model of another vocabulary size cannot be matched", () => {
  const model = initialModel();
  assertThrows(
    () => adaptParameters(model, { ...model.config, vocab_size: 9 }, pieces(old), 1),
    ArtifactError,
    "its vocabulary has 4 tokens, the data 9",
  );
  assertEquals(adaptParameters(model, model.config, pieces(old), 1).warnings.length, 1);
});

Deno.test("a width or depth that the model does not have is refused", () => {
  const model = initialModel(pieces(old));
  for (const change of [{ n_embd: 16 }, { n_layer: 2 }]) {
    assertThrows(
      () => adaptParameters(model, { ...model.config, ...change }, pieces(old), 1),
      RangeError,
      "leave those flags out",
    );
  }
});

Deno.test(
  "a run of ours is read from its best checkpoint, with the tokenizer beside it",
  inFolder(async (root) => {
    const config = { ...tinyModel, vocab_size: 38 };
    const parameters = initialParameters(config, 5);
    await writeCheckpoint(join(root, "best"), { config, endOfText: 37, parameters });
    await writeJson(join(root, "tokenizer.json"), charTokenizerJson());
    await writeJson(join(root, "tokenizer_config.json"), tokenizerConfig());
    for (const folder of [root, join(root, "best")]) {
      const model = await readInitialModel(folder);
      assertEquals(model.parameters, parameters);
      assertEquals(model.tokenizer?.vocabSize, createTokenizer(charTokenizerJson()).vocabSize);
    }
    await assertRejects(() => readInitialModel(join(root, "none")), ArtifactError, "Cannot find");
  }),
);

Deno.test(
  "weights that are not numbers are refused before anything is trained",
  inFolder(async (root) => {
    const parameters = initialParameters(tinyModel, 1);
    for (const value of [NaN, Infinity]) {
      parameters.get("h.0.mlp.c_fc.weight")![5] = value;
      await writeCheckpoint(root, { config: tinyModel, endOfText: 0, parameters });
      await assertRejects(
        () => readInitialModel(root),
        ArtifactError,
        `h.0.mlp.c_fc.weight holds ${value} (value 5 of `,
      );
    }
  }),
);

Deno.test(
  "--init-from a run begins where that run was at its best",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const first = await training(paths, "--run", "first", ...tinyFlags(20));
    assertEquals(first.code, 0, first.stderr);
    const args = ["--steps", "2", "--batch-size", "4", "--eval-tokens", "128"];
    const second = await training(paths, "--init-from", paths.run("first").root, ...args);
    assertEquals(second.code, 0, second.stderr);
    const validations = async (run: string) =>
      (await readLog(paths.run(run).log)).filter((entry) => entry.kind === "validation");
    const best = Math.min(...(await validations("first")).map(({ loss }) => loss));
    assertEquals((await validations("latest"))[0].loss, best);
    const config = JSON.parse(await Deno.readTextFile(paths.run("latest").config));
    assertEquals([config.initFrom, config.model.n_embd], [paths.run("first").root, 16]);
  }),
);

/** Token files as llm.c writes them: 256 int32 (magic, version, count), then uint16 ids. */
async function writeLlmcTokens(path: string, tokens: number[]): Promise<void> {
  const header = new Int32Array(256);
  header.set([20240520, 1, tokens.length]);
  await Deno.writeFile(path, new Uint8Array(header.buffer));
  await Deno.writeFile(path, new Uint8Array(Uint16Array.from(tokens).buffer), { append: true });
}

Deno.test(
  "a model with a tokenizer of its own: refused, adapted on request, or with tokens of its own",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const config = { ...tinyModel, n_positions: 16, n_embd: 16, vocab_size: 401 };
    const folder = join(root, "gpt2");
    const parameters = initialParameters(config, 5);
    await writeCheckpoint(folder, { config, endOfText: 400, parameters });
    const fixture = new URL("../fixtures/gpt2_tokenizer/tokenizer.json", import.meta.url);
    await Deno.copyFile(fixture, join(folder, "tokenizer.json"));
    const args = ["--init-from", folder, "--steps", "2", "--batch-size", "4"];

    const refused = await training(paths, ...args);
    assertEquals(refused.code, 1);
    for (const way of [`deno task tokenize --tokenizer ${folder}`, "--adapt-vocabulary"]) {
      assertStringIncludes(refused.stderr, way);
    }
    const adapted = await training(paths, ...args, "--adapt-vocabulary");
    assertEquals(adapted.code, 0, adapted.stderr);
    assertStringIncludes(adapted.stderr, "Adapted: vocabulary 401 → 38: 38 tokens keep");

    await Deno.copyFile(fixture, paths.tokenizer);
    const { encode, endOfText } = createTokenizer(JSON.parse(await Deno.readTextFile(fixture)));
    const notes = Array.from({ length: 40 }, (_, i) => [endOfText, ...encode(`aspirin ${i} mg`)]);
    await writeLlmcTokens(paths.tokens("train"), notes.flat());
    await writeLlmcTokens(paths.tokens("val"), notes.flat());
    const own = await training(paths, ...args, "--run", "own");
    assertEquals(own.code, 0, own.stderr);
    assert(!own.stderr.includes("Adapted"), own.stderr);
    const [first] = (await readLog(paths.run("own").log)).filter((e) => e.kind === "validation");
    assertEquals(Math.abs(first.loss - Math.log(401)) < 0.1, true, `${first.loss}`);
  }),
);
