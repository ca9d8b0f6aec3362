// Whatever is changed in a workspace, everything that was made from it is refused, and nothing else.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { basename, join } from "@std/path";
import { artifactNames, artifacts, Chain, openSources } from "../../pipeline/artifacts/chain.ts";
import { nameOf, pathOf } from "../../pipeline/artifacts/lineage.ts";
import type { ReportName } from "../../pipeline/artifacts/reports.ts";
import { ArtifactError, writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";
import { workspace } from "../../pipeline/artifacts.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { type FakeChain, fakeChain, parents, remake } from "./fake_chain.ts";

const stale = async ({ place }: FakeChain) => {
  const chain = new Chain(place), found: ReportName[] = [];
  for (const name of artifactNames) {
    if ((await chain.examine(name)).state === "stale") found.push(name);
  }
  return found;
};

/** `name` itself and all that is made from it. */
function downstream(name: ReportName): ReportName[] {
  const found = new Set([name]);
  for (const other of artifactNames) {
    if (parents[other].some((parent) => found.has(parent))) found.add(other);
  }
  return artifactNames.filter((other) => found.has(other));
}

Deno.test(
  "change any file: all that was made from it is stale and refused in one line, and nothing else",
  inFolder(async (root) => {
    const chain = await fakeChain(root);
    assertEquals(await stale(chain), []);
    for (const name of artifactNames) {
      for (const path of await artifacts[name].files(chain.place)) {
        const before = await Deno.readFile(path);
        const isReport = path === artifacts[name].report(chain.place);
        await Deno.writeTextFile(path, isReport ? new TextDecoder().decode(before) + " " : "other");
        // A report does not name itself, and a run's report does not name its checkpoints, of which
        // there are many: what is made from them does.
        const itself = isReport || basename(path) === "model.safetensors" ? [name] : [];
        const expected = downstream(name).filter((other) => !itself.includes(other));
        assertEquals(await stale(chain), expected, path);
        for (const other of expected) {
          const { message } = await assertRejects(
            () => openSources(chain.place, "go on", [other]),
            ArtifactError,
          );
          assertMatch(
            message,
            /^Cannot go on: \S+.* \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ.*; run "deno task \w+[^"]*"$/,
          );
        }
        await Deno.writeFile(path, before);
      }
    }
    assertEquals(await stale(chain), []);
  }),
);

Deno.test(
  "what is made again is fresh, and its remedy leads down the chain one stage at a time",
  inFolder(async (root) => {
    const chain = await fakeChain(root);
    await remake(chain, "notes", "tokens"); // other notes
    const commands: string[] = [];
    for (;;) {
      const [first] = (await stale(chain)).filter((name) => name !== "eda");
      if (first === undefined) break;
      const { command } = await new Chain(chain.place).examine("export");
      commands.push(/deno task \w+/.exec(command)![0]);
      await remake(chain, first, "notes");
    }
    assertEquals(commands[0], "deno task tokenize");
    assertEquals(commands.at(-1), "deno task export");
    assertEquals(new Set(commands).size, commands.length);
  }),
);

Deno.test(
  "a stage killed between its files and its report leaves nothing that claims to belong",
  inFolder(async (root) => {
    const chain = await fakeChain(root);
    const written: [ReportName, string][] = [
      ["notes", chain.paths.notes],
      ["ngram", chain.paths.ngram],
      ["tokens", chain.paths.tokens("test")],
    ];
    for (const [name, path] of written) {
      const before = await Deno.readFile(path);
      await writeAtomic(path, "of a stage that was killed");
      const { state, reason } = await new Chain(chain.place).examine(name);
      assertEquals(state, "stale");
      assertMatch(reason!, /, written .*, is not the file that .*\.json of .* describes$/);
      await Deno.remove(path);
      assertMatch(
        (await new Chain(chain.place).examine(name)).reason!,
        /is missing, which .*\.json describes$/,
      );
      await writeAtomic(path, before);
    }
    assertEquals(await stale(chain), []);
  }),
);

Deno.test(
  "tokens that come without a report are taken as they are, unless patients hang on it",
  inFolder(async (root) => {
    const chain = await fakeChain(root);
    await Deno.remove(chain.paths.tokensReport);
    assertEquals((await new Chain(chain.place).examine("tokens")).state, "unrecorded");
    await openSources(chain.place, "train", ["tokens"]);
    await assertRejects(
      () => openSources(chain.place, "count n-grams", ["tokens"], { recorded: ["tokens"] }),
      ArtifactError,
      "Cannot count n-grams: processed/tokens.json is missing, so that nothing says what " +
        'processed/tokenizer.json was made from; run "deno task tokenize',
    );
  }),
);

Deno.test(
  "a workspace may be moved and a run renamed; notes may be gone from it",
  inFolder(async (root) => {
    const before = await fakeChain(join(root, "a"));
    await Deno.rename(before.run.root, join(before.paths.runs, "older"));
    await Deno.rename(join(root, "a"), join(root, "b"));
    const paths = workspace(join(root, "b")), run = paths.run("older");
    const moved = { paths, run, place: { paths, run } };
    assertEquals(await stale(moved), []);
    await Deno.remove(join(paths.root, "interim"), { recursive: true });
    await Deno.remove(join(paths.root, "raw"), { recursive: true });
    assertEquals(await stale(moved), []);
    await Deno.writeTextFile(paths.tokens("val"), "other");
    const { reason, command } = await new Chain(moved.place).examine("run");
    assertMatch(reason!, /^processed\/val\.bin, written .*, is not the file that/);
    assertEquals(command, `deno task tokenize --data ${paths.root}`);
  }),
);

Deno.test(
  "reports of another version or shape are stale, with what was found",
  inFolder(async (root) => {
    const chain = await fakeChain(root);
    const reason = async (content: unknown) => {
      await writeJson(chain.paths.ngramReport, content);
      return (await new Chain(chain.place).examine("ngram")).reason!;
    };
    assertMatch(await reason({}), /ngram\.json: it has no version, expected 2$/);
    assertMatch(await reason({ version: 1 }), /ngram\.json: it is of version 1, expected 2$/);
    assertMatch(await reason({ version: 2 }), /ngram\.json: lineage: /);
    await Deno.writeTextFile(chain.paths.ngramReport, '{"version": 2,');
    assertMatch(
      (await new Chain(chain.place).examine("ngram")).reason!,
      /ngram\.json: expected JSON/,
    );
  }),
);

Deno.test(
  "a run from before lineages is judged by the digests it has",
  inFolder(async (root) => {
    const chain = await fakeChain(root);
    const { lineage, version: _, ...config } = JSON.parse(
      await Deno.readTextFile(chain.run.config),
    );
    const digest = (split: string) => ({ sha256: lineage.from[`processed/${split}.bin`] });
    await writeJson(chain.run.config, {
      ...config,
      tokenizerSha256: lineage.files["run/tokenizer.json"],
      data: { train: digest("train"), val: digest("val") },
    });
    // This chain's tokenizers are not copies of each other, as those of a real run are.
    await Deno.copyFile(chain.run.tokenizer, chain.paths.tokenizer);
    await Deno.remove(chain.paths.tokensReport);
    assertEquals((await new Chain(chain.place).examine("run")).state, "fresh");
    await Deno.writeTextFile(chain.paths.tokens("train"), "other");
    assertEquals((await new Chain(chain.place).examine("run")).state, "stale");
  }),
);

Deno.test("names are relative to the workspace, a run's to the run, others are absolute", () => {
  const paths = workspace("data"), run = paths.run("nano"), place = { paths, run };
  for (
    const [path, name] of [
      [paths.notes, "interim/notes.parquet"],
      [run.config, "run/config.json"],
      [paths.run("other").config, "runs/other/config.json"],
      ["/corpora/public/train.bin", "/corpora/public/train.bin"],
    ]
  ) {
    assertEquals(nameOf(place, path), name);
    assertEquals(pathOf(place, name), path);
  }
  assert(nameOf(place, "elsewhere/train.bin").startsWith("/"));
});
