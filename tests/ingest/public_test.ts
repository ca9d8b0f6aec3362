// Public texts through ingest, tokenize and ngram: sources of their own, with licences; notes weigh
// more in the tokenizer; their n-grams are in the table whoever holds them.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readTokens, type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { isFresh } from "../../pipeline/artifacts/chain.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { readNgramTable } from "../../pipeline/lib/gpt/decode/ngram.ts";
import { inFolder } from "../helpers/in_folder.ts";

async function task(paths: Workspace, stage: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `pipeline/${stage}/main.ts`, "--data", paths.root, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (output: Uint8Array) => new TextDecoder().decode(output);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function ok(...args: Parameters<typeof task>): Promise<string> {
  const { code, stdout, stderr } = await task(...args);
  assertEquals(code, 0, stderr);
  return stdout;
}

/** Texts that no near-duplicate check takes for one another. */
const lines = (count: number, text: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ id: `t${i}`, text: text(i) }) + "\n")
    .join("");

const organs = "liver kidney spleen lung heart brain stomach bladder thyroid pancreas".split(" ");
const publicText = (i: number) =>
  `Question ${i}. The ${organs[i % 10]} of number ${i * 7919} is ${i % 3 ? "large" : "small"}. ` +
  `Zygomaticus ${organs[(i * 3) % 10]} ${i * 104729}.`;
const note = (i: number) =>
  `Seen for ${organs[i % 10]} pain, day ${i * 31}, dose ${i * 17} mg, plan ${
    organs[(i * 7) % 10]
  }.`;

async function inputs(root: string) {
  const files = { notes: join(root, "notes.jsonl"), web: join(root, "web.jsonl") };
  await Deno.writeTextFile(files.notes, lines(60, note));
  await Deno.writeTextFile(files.web, lines(80, publicText));
  return files;
}

Deno.test(
  "notes and public texts from the file to the n-gram table",
  inFolder(async (root) => {
    const files = await inputs(root), paths = workspace(join(root, "data"));
    await ok(paths, "ingest", files.notes);
    const before = await Deno.readFile(paths.notes);
    const said = await ok(paths, "ingest", "--public", files.web, "--licence", "CC BY 4.0");
    assertStringIncludes(said, 'public source "web" (CC BY 4.0): 80 texts');
    assertEquals(await Deno.readFile(paths.notes), before);
    assert(await isFresh(paths, "public"));

    assertStringIncludes(await ok(paths, "tokenize", "--vocab-size", "300"), "web (CC BY 4.0)");
    const tokenizer = createTokenizer(JSON.parse(await Deno.readTextFile(paths.tokenizer)));
    const texts = Array.from({ length: 80 }, (_, i) => publicText(i));
    const expected = texts.flatMap((text) => [tokenizer.endOfText, ...tokenizer.encode(text)]);
    assertEquals([...await readTokens(paths.publicTokens)], expected);
    const { lineage, public: counted } = JSON.parse(await Deno.readTextFile(paths.tokensReport));
    assertMatch(lineage.from["interim/public.json"], /^[0-9a-f]{64}$/);
    assertEquals(counted.tokens, expected.length);

    // "Zygomaticus" occurs in public texts only; none of the notes' 60 patients holds it.
    const holds = async () => {
      const table = readNgramTable(await Deno.readFile(paths.ngram));
      const [first, second] = tokenizer.encode(" Zygomaticus");
      const { firstChild, token } = table.orders[0];
      const at = token.indexOf(first);
      const end = firstChild[at + 1] ?? table.orders[1].token.length;
      return table.orders[1].token.subarray(firstChild[at], end).includes(second);
    };
    await ok(paths, "ngram");
    assert(await holds());
    await ok(paths, "ngram", "--min-public-texts", "81");
    assert(!await holds(), "only 80 texts hold it");
    await ok(paths, "ngram", "--min-patients", "1000");
    assert(await holds(), "what is asked of patients is not asked of public texts");
    const { licences } = JSON.parse(await Deno.readTextFile(paths.ngramReport));
    assertEquals(licences, { web: "CC BY 4.0" });
    await ok(paths, "ngram", "--without-public");
    assert(!await holds());

    // Another source: tokens made without it are stale, and a third call replaces its licence.
    const more = join(root, "more.jsonl");
    await Deno.writeTextFile(more, lines(5, (i) => `More of ${publicText(i + 500)}`));
    await ok(paths, "ingest", "--public", more, "--licence", "unknown", "--name", "more");
    await ok(paths, "ingest", "--public", more, "--licence", "CC0 1.0", "--name", "more");
    const { sources } = JSON.parse(await Deno.readTextFile(paths.publicReport));
    assertEquals(sources.map((s: { name: string; licence: string }) => [s.name, s.licence]), [
      ["more", "CC0 1.0"],
      ["web", "CC BY 4.0"],
    ]);
    assert(!await isFresh(paths, "tokens"));
  }),
);

Deno.test(
  "a workspace of public texts alone has tokens of them, and empty splits of notes",
  inFolder(async (root) => {
    const files = await inputs(root), paths = workspace(join(root, "data"));
    await ok(paths, "ingest", "--public", files.web, "--licence", "CC BY 4.0");
    await ok(paths, "tokenize", "--vocab-size", "300");
    assert((await readTokens(paths.publicTokens)).length > 1000);
    assertEquals((await readTokens(paths.tokens("train"))).length, 0);
  }),
);

const wrong: [string, string[], string][] = [
  ["no licence", ["--public"], "--licence"],
  ["an empty licence", ["--public", "--licence", " "], "--licence"],
  ["a licence for notes", ["--licence", "CC0"], "add --public"],
  ["a patient", ["--public", "--licence", "CC0", "--patient", "id"], "--patient"],
  ["a name with a slash", ["--public", "--licence", "CC0", "--name", "../x"], "--name NAME"],
];

for (const [name, flags, message] of wrong) {
  Deno.test(
    `ingest --public refuses ${name}`,
    inFolder(async (root) => {
      const files = await inputs(root), paths = workspace(join(root, "data"));
      const { code, stderr } = await task(paths, "ingest", files.web, ...flags);
      assertEquals(code, 2);
      assertStringIncludes(stderr, message);
    }),
  );
}
