import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { analyse, type Eda } from "../../pipeline/eda/analyse.ts";
import { mimicSections } from "../../pipeline/lib/clinical/sections.ts";
import { edaReport } from "../../pipeline/eda/report_page.ts";
import { terminalSummary } from "../../pipeline/eda/terminal.ts";
import { axeFindings, startBrowser } from "../helpers/browser.ts";
import { MIMIC_HEADER, mimicRow, TestWorkspace } from "../ingest/workspace.ts";

const root = join(dirname(fromFileUrl(import.meta.url)), "..", "..");

/** Fifty notes of twenty-five patients, with every section and a word that is only in this note. */
function mimicCorpus(): string {
  const note = (n: number) =>
    " \nName:  ___                     Unit No:   ___\n \n" +
    mimicSections.map((name) => `${name}:\nText of note${n} under this header, seen by Dr. ___.\n`)
      .join(" \n");
  const rows = Array.from(
    { length: 50 },
    (_, n) => mimicRow(100 + n % 25, 1 + Math.floor(n / 25), note(n)),
  );
  return `${MIMIC_HEADER}\n${rows.join("")}`;
}

async function measured(test: TestWorkspace, name: string, content: string, threads = 2) {
  await test.ingest(test.write(name, content));
  return await analyse(test.paths, { threads });
}

Deno.test("the measures of a corpus whose answers are known", async () => {
  using test = new TestWorkspace();
  const eda = await measured(test, "discharge.csv", mimicCorpus());
  const { counts, redactions, sections, lengths, vocabulary } = eda;
  assertEquals([counts.notes, counts.patients, counts.admissions], [50, 25, 25]);
  assertEquals(counts.by_type, [{ type: "DS", notes: 50 }]);
  assertEquals(counts.by_year, [{ year: 2150, notes: 50 }]);
  assertEquals(counts.notes_per_patient, [{ notes: 2, patients: 25 }]);
  assertEquals(counts.notes_without_storetime, 50);
  assertEquals(sections.shape, "mimic");
  assertEquals(sections.sections.map(({ name }) => name), mimicSections);
  assertEquals(sections.order_agreement, 1);
  const perNote = 2 + mimicSections.length;
  assertEquals([redactions.total, lengths.redactions.min, lengths.redactions.max], [
    50 * perNote,
    perNote,
    perNote,
  ]);
  assertEquals(redactions.by_kind[0].kind, "person (after a title)");
  assertEquals(
    vocabulary.top_words.find(({ word }) => word === "note7")?.count ?? mimicSections.length,
    mimicSections.length,
  );
  assertEquals(eda.ingest!.notes.kept, 50);
  assertEquals(eda.tokens, null);
});

/** Forty notes of one patient, copied forward, among sixty short ones of others. */
function copiedForward(patients: number): string {
  const copied = (n: number) =>
    `QZZ FARM:\nThe patient Zzqx keeps a ☂ and bees on the ___ Zzqx farm near the old mill ${n}.`;
  const rows = Array.from(
    { length: 100 },
    (_, n) =>
      n < 40 ? `${n},own${n % patients},"${copied(n)}"\n` : `${n},p${n},"Well ${n * 7919}."\n`,
  );
  return `note_id,subject_id,text\n${rows.join("")}`;
}

Deno.test("nothing of the notes is shown that fewer than five patients share", async () => {
  for (const [patients, shown] of [[1, false], [4, false], [5, true]] as const) {
    using test = new TestWorkspace();
    const eda = await measured(test, "notes.csv", copiedForward(patients));
    const { page, charts } = await edaReport(eda);
    const all = [page, ...charts.values(), JSON.stringify(eda), terminalSummary(eda)].join("\n");
    for (const piece of ["zzqx", "qzz", "☂", "bees"]) {
      assertEquals(all.toLowerCase().includes(piece), shown, `${piece} of ${patients} patients`);
    }
    assertStringIncludes(page, "at least 5 patients share");
  }
});

Deno.test("percentiles above a million keep their distance", async () => {
  using test = new TestWorkspace();
  const eda = await measured(test, "discharge.csv", mimicCorpus());
  const { characters } = eda.lengths;
  for (const key of ["p5", "p25", "median", "p75", "p95", "max"] as const) {
    characters[key] = 12_345_678;
  }
  assertMatch(terminalSummary(eda), /characters( {2}12,345,678){6}\n/);
});

Deno.test("axe finds nothing to object to, in either theme, wide and narrow", async () => {
  using test = new TestWorkspace();
  const report = await edaReport(await measured(test, "discharge.csv", mimicCorpus()));
  const path = test.write("page.html", report.page);
  const browser = await startBrowser();
  try {
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1280, 320]) {
        const viewport = { width, height: 800 };
        const page = await browser.newPage({ bypassCSP: true, colorScheme, viewport });
        await page.goto(`file://${path}`);
        assertEquals(await axeFindings(page), [], `${colorScheme}, ${width} pixels`);
        await page.close();
      }
    }
  } finally {
    await browser.close();
  }
});

Deno.test("the measures do not depend on the number of threads", async () => {
  using test = new TestWorkspace();
  const plain = ({ created: _, seconds: __, lineage: { from }, ...rest }: Eda) => ({
    from,
    ...rest,
  });
  const one = plain(await measured(test, "discharge.csv", mimicCorpus(), 1));
  assertEquals(plain(await analyse(test.paths, { threads: 3 })), one);
});

Deno.test("a corpus that is not MIMIC-shaped is described as far as it goes", async () => {
  using test = new TestWorkspace();
  const rows = Array.from(
    { length: 20 },
    (_, n) => `${n},"Letter ${n}: the patient is well and needs nothing."\n`,
  );
  const eda = await measured(test, "letters.csv", "id,text\n" + rows.join(""));
  assertEquals(eda.sections.shape, "plain");
  assertEquals(eda.counts.by_year, []);
  assertEquals(eda.redactions.total, 0);
  const text = terminalSummary(eda);
  for (
    const line of [
      "20 notes; the source names no patients",
      "no ___ in any note",
      "no common headers",
    ]
  ) {
    assertStringIncludes(text, line);
  }
  const { page } = await edaReport(eda);
  assertStringIncludes(page, "nothing shows that they were de-identified");
});

Deno.test("the page stands on its own: no requests, no scripts, every chart in both themes", async () => {
  using test = new TestWorkspace();
  const report = await edaReport(await measured(test, "discharge.csv", mimicCorpus()));
  const addresses = report.page.match(/https?:\/\/[^"'\s<]+/g) ?? [];
  assertEquals(addresses.filter((address) => !address.startsWith("http://www.w3.org/")), []);
  assert(!/<script|<link|<img|@import|url\((?!#)/.test(report.page));
  assertStringIncludes(report.page, "default-src 'none'");
  for (
    const name of [
      "length",
      "zipf",
      "heaps",
      "redaction_kinds",
      "redaction_sections",
      "anatomy",
      "lines",
    ]
  ) {
    const svg = report.charts.get(`${name}.svg`)!;
    assertMatch(svg, /^<svg /);
    assertStringIncludes(svg, "prefers-color-scheme: dark");
    assertStringIncludes(svg, "var(--series1)");
    assert(!/(?:fill|stroke)="#/.test(svg), `${name} has a colour of its own`);
  }
});

Deno.test("the task writes its files, and names the command to run when there are no notes", async () => {
  using test = new TestWorkspace();
  const run = () =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "pipeline/eda/main.ts", "--data", test.paths.root],
      cwd: root,
    }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const failed = await run();
  assertEquals(failed.code, 1);
  assertMatch(
    text(failed.stderr),
    /^error: Cannot find .*notes\.parquet; run "deno task ingest" first\n$/,
  );

  await test.ingest(test.write("discharge.csv", mimicCorpus()));
  const done = await run();
  assertEquals(done.code, 0, text(done.stderr));
  assertStringIncludes(text(done.stdout), "50 notes of 25 patients");
  assertStringIncludes(text(done.stdout), `Next: deno task tokenize --data ${test.paths.root}`);
  const eda: Eda = JSON.parse(Deno.readTextFileSync(test.paths.edaJson));
  assertEquals(eda.counts.notes, 50);
  assertStringIncludes(Deno.readTextFileSync(test.paths.edaReport), "<!doctype html>");
  assertMatch(Deno.readTextFileSync(join(test.paths.edaFolder, "length.svg")), /^<svg /);

  Deno.writeTextFileSync(test.paths.notes, "not parquet");
  const broken = await run();
  assertEquals(broken.code, 1);
  assertMatch(
    text(broken.stderr),
    /is not the file that .*ingest\.json of .* describes; run "deno task ingest INPUT/,
  );
});
