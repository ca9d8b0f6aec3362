import { assertEquals } from "@std/assert";
import { discoverHeaders } from "../../pipeline/lib/clinical/sections.ts";
import { identifierReport, IdentifierScan } from "../../pipeline/eda/identifiers.ts";
import { hiddenWords } from "../../pipeline/eda/hidden_words.ts";
import { sharedIn } from "../../pipeline/eda/shared.ts";
import { kindOf, redactionReport, RedactionScan } from "../../pipeline/eda/redactions.ts";
import { SectionScan } from "../../pipeline/eda/sections.ts";

Deno.test("examples show the shape and nothing else", () => {
  const identifiers = new IdentifierScan();
  identifiers.add("Dr. Smith, Dr. Jones, (617) 555-0123");
  const report = JSON.stringify(identifierReport([identifiers.part()]));
  for (const secret of ["Smith", "Jones", "617", "0123"]) {
    assertEquals(report.includes(secret), false, secret);
  }
});

Deno.test("what a redaction hid is guessed from its neighbours", () => {
  const cases: [before: string, after: string, kind: string][] = [
    ["Seen by Dr. ", " today", "person (after a title)"],
    ["Attending: ", ".", "person (name field)"],
    ["Unit No:   ", "", "record number"],
    ["please call ", " with", "telephone"],
    ["", " 06:20AM BLOOD WBC-5.1", "time stamp of a result"],
    ["The patient is a ", " year old man", "age"],
    ["Admission Date:  ", "              Discharge", "date"],
    ["Oxycodone ", " mg PO", "number before a unit"],
    ["Hgb-11.9* Plt ", "", "number in a lab value"],
    ["Social History:", "", "list or section left empty"],
    ["transferred from ", " for", "place or service"],
    ["her ", " walked", "unclear"],
  ];
  for (const [before, after, kind] of cases) assertEquals(kindOf(before, after), kind, before);
});

Deno.test("redactions are counted by note, section, kind and neighbour; longer runs are not", () => {
  const text =
    "Name:  ___\nONE TWO: seen by Dr. ___ on ___.\n________\nEND ONE: ___ and [**Name**]";
  const headers = discoverHeaders([text, text]);
  const sections = new SectionScan(headers);
  const redactions = new RedactionScan(headers.sections.length);
  const lines = text.split("\n");
  for (let n = 0; n < 5; n++) {
    assertEquals(redactions.add(text, lines, sections.add(lines, text.length)), 4);
  }
  const rare = "Told by Quinlan ___ once";
  redactions.add(rare, [rare], [{ section: -1, from: 0, to: 1 }]);
  redactions.add("nothing hidden", ["nothing hidden"], [{ section: -1, from: 0, to: 1 }]);
  const sample = [text, text, text, text, text, rare].map((text, n) => ({
    text,
    patient: `p${n}`,
  }));
  const report = redactionReport(headers, [redactions.part()], [sections.part()], sample);
  assertEquals([report.total, report.notes_with], [21, 6]);
  const bySection = Object.fromEntries(report.by_section.map(({ name, count }) => [name, count]));
  assertEquals([bySection["ONE TWO"], bySection["END ONE"]], [10, 5]);
  const density = report.by_section.find(({ name }) => name === "END ONE")!.per_1000;
  assertEquals(density, 1000 / ("END ONE: ___ and [**Name**]".length + 1));
  assertEquals(report.words_before.find(({ word }) => word === "dr.")!.count, 5);
  assertEquals(JSON.stringify(report).includes("quinlan"), false, "rare neighbours stay private");
  assertEquals(report.placeholders, [{ style: "[**...**]  (MIMIC-III)", notes: 5, matches: 5 }]);
});

Deno.test("what hides behind ___ is what others have between the same two words", () => {
  const sample = Array.from({ length: 12 }, (_, n) => ({
    text: n < 6 ? `with a ___ catheter ${n}` : `With a Foley catheter, seen by ${n} Quinlan now`,
    patient: `p${n}`,
  }));
  assertEquals(hiddenWords(sample), [
    { before: "a", after: "catheter", patients: 6, words: [{ word: "foley", patients: 6 }] },
  ]);
  assertEquals(hiddenWords(sample.slice(0, 10)), [], "four patients have the word");
  assertEquals(hiddenWords(sample.slice(2)), [], "four patients have the redaction");
});

Deno.test("words, signs, pieces and headers are shown if five patients share them", () => {
  const notes = (patients: number) =>
    Array.from({ length: 10 }, (_, n) => ({
      text: "QUINLAN HOUSE\nÉtat Zoë ☂",
      patient: `p${n % patients}`,
    }));
  const five = sharedIn(notes(5)), four = sharedIn(notes(4));
  assertEquals([five.word("état"), five.character("☂"), five.piece("Zoë")], [true, true, true]);
  assertEquals([four.word("état"), four.character("☂"), four.piece("Zoë")], [false, false, false]);
});
