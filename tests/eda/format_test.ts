import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { discoverHeaders, mimicSections } from "../../pipeline/lib/clinical/sections.ts";
import { lineReport, LineScan } from "../../pipeline/eda/lines.ts";
import { LogHistogram } from "../../pipeline/eda/log_histogram.ts";
import { lengthsOf } from "../../pipeline/eda/lengths.ts";
import { sectionReport, SectionScan } from "../../pipeline/eda/sections.ts";

const mimicNote = (extra = "") =>
  " \nName:  ___                     Unit No:   ___\n \nService: MEDICINE\n \n" +
  mimicSections.filter((name) => name !== "Facility")
    .map((name) => `${name}:\n${extra}Words of the ${name.length} kind.\n`).join(" \n");

Deno.test("a MIMIC-shaped corpus is recognised, another headed one, and a plain one", () => {
  assertEquals(discoverHeaders(Array(20).fill(mimicNote("HPI:\n"))).shape, "mimic");
  const soap = "SUBJECTIVE: Feels well.\n\nOBJECTIVE: Well.\n\nPLAN: None.";
  const headed = discoverHeaders(Array(20).fill(soap));
  assertEquals(headed.shape, "headed");
  assertEquals(headed.sections.map(({ form }) => form).sort(), ["OBJECTIVE", "PLAN", "SUBJECTIVE"]);
  assertEquals(discoverHeaders(Array(20).fill("No headers here.\nAt all.")).shape, "plain");
});

Deno.test("sections: notes, length, order, whatever order the first note has them in", () => {
  const headers = discoverHeaders([
    ...Array(8).fill("A ONE: xx\nB TWO: yyyy\nC SIX: z"),
    "C SIX: z\nA ONE: x",
  ]);
  const scan = new SectionScan(headers);
  const add = (text: string) => scan.add(text.split("\n"), text.length);
  add("C SIX: z\nA ONE: x");
  for (let n = 0; n < 9; n++) add("intro\nA ONE: xx\nB TWO: yyyy\nC SIX: z");
  const report = sectionReport(headers, [scan.part()]);
  assertEquals(report.sections.map(({ name, notes }) => [name, notes]), [
    ["A ONE", 10],
    ["B TWO", 9],
    ["C SIX", 10],
  ]);
  assertEquals(report.sections[1].median_characters, "B TWO: yyyy\n".length);
  // Nine notes have three pairs in order, one has its only pair the other way round.
  assertAlmostEquals(report.order_agreement!, 27 / 28, 1e-9);
  const text = 17 + 1 + 9 * (5 + 9 + 11 + 8 + 4);
  assertAlmostEquals(report.preamble_share_of_text, 9 * 6 / text, 0.01);
  const shares = report.sections.reduce((sum, section) => sum + section.share_of_text, 0);
  assertAlmostEquals(shares + report.preamble_share_of_text, 1, 1e-9);
});

Deno.test("lines: wrapping, empty lines, kinds", () => {
  const scan = new LineScan();
  const wrapped = Array.from({ length: 60 }, (_, n) => "w".repeat(55 + n % 10) + " ");
  scan.add([
    ...wrapped,
    "",
    " ",
    "- item",
    "1. Lisinopril 10 mg PO DAILY ",
    "#CHF:",
    "ADMISSION LABS",
    "=====",
    "___ 06:20AM BLOOD WBC-5.1 RBC-3.92* Hgb-11.9*",
    "One.  Two. ",
  ]);
  const report = lineReport([scan.part()]);
  assertEquals(report.lines, 69);
  assertEquals(report.wrapped_at, 64);
  assertAlmostEquals(report.empty_share, 2 / 69, 1e-9);
  const count = (kind: string) => report.kinds.find((row) => row.kind === kind)!.lines;
  assertEquals(count("bulleted item"), 1);
  assertEquals(count("numbered item"), 1);
  assertEquals(count("drug order"), 1);
  assertEquals(count("problem heading"), 1);
  assertEquals(count("laboratory results"), 1);
  assertEquals(count("ruled line"), 1);
  assertEquals(report.two_spaces_share, 1);
});

Deno.test("lines of one length are not wrapped unless their sentences go on in the next line", () => {
  const wrappedAt = (...notes: string[][]) => {
    const scan = new LineScan();
    for (const lines of notes) scan.add(lines);
    return lineReport([scan.part()]).wrapped_at;
  };
  const sentence = `${"w".repeat(61)}.`, broken = "w".repeat(62);
  assertEquals(wrappedAt([sentence]), null);
  assertEquals(wrappedAt(...Array(50).fill([broken])), null, "notes of one line");
  assertEquals(wrappedAt(Array(50).fill(sentence)), null, "a sentence a line");
  assertEquals(wrappedAt([broken, broken, "end."]), null, "too few lines to tell");
  assertEquals(wrappedAt(...Array(50).fill([broken, broken, "end."])), 62);
});

Deno.test("more headers than are told apart are counted", () => {
  const note = Array.from({ length: 60 }, (_, n) => `H${"ABCDEFGHIJ"[n % 10]}${n}: x`).join("\n");
  const headers = discoverHeaders(Array(20).fill(note));
  assertEquals([headers.common, headers.sections.length], [60, 40]);
});

Deno.test("lines of whole paragraphs are not taken for wrapped", () => {
  const scan = new LineScan();
  scan.add(Array.from({ length: 200 }, (_, n) => "w".repeat(1 + n * 37 % 390)));
  assertEquals(lineReport([scan.part()]).wrapped_at, null);
});

Deno.test("quantiles of the log histogram lie within 1.6% of the true ones", () => {
  const histogram = new LogHistogram();
  const values = Array.from({ length: 20_000 }, (_, n) => Math.floor(1 + n * n / 300));
  for (const value of values) histogram.add(value);
  for (const q of [0.05, 0.5, 0.9, 0.99]) {
    const exact = values[Math.ceil(q * values.length) - 1];
    assertAlmostEquals(histogram.quantile(q), exact, Math.max(1, 0.016 * exact));
  }
  assertEquals(new LogHistogram().quantile(0.5), 0);
});

Deno.test("lengths: percentiles and a histogram that holds every note", () => {
  const values = Uint32Array.from({ length: 1001 }, (_, n) => (n * 617) % 1001);
  const lengths = lengthsOf(values);
  assertEquals([lengths.min, lengths.p25, lengths.median, lengths.p95, lengths.max], [
    0,
    250,
    500,
    950,
    1000,
  ]);
  assertEquals(lengths.mean, 500);
  assertEquals(lengths.histogram.reduce((sum, { notes }) => sum + notes, 0), 1001);
  assert(
    lengths.histogram.every(({ from, to }, i, bins) =>
      to > from && (i === 0 || bins[i - 1].to === from)
    ),
  );
});
