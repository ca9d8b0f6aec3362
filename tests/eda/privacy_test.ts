import { assertEquals } from "@std/assert";
import { discoverHeaders } from "../../pipeline/eda/headers.ts";
import { identifierReport, IdentifierScan, mask } from "../../pipeline/eda/identifiers.ts";
import { kindOf, redactionReport, RedactionScan } from "../../pipeline/eda/redactions.ts";
import { SectionScan } from "../../pipeline/eda/sections.ts";

function scan(text: string): Record<string, number> {
  const identifiers = new IdentifierScan();
  identifiers.add(text);
  return Object.fromEntries(
    identifierReport([identifiers.part()]).filter(({ matches }) => matches > 0)
      .map(({ kind, matches }) => [kind, matches]),
  );
}

Deno.test("identifiers with a shape are found", () => {
  const cases: [text: string, found: Record<string, number>][] = [
    ["Call (617) 555-0123 or 617-555-0199.", { phone: 2 }],
    ["Write to jane.roe@example.org", { email: 1 }],
    ["See https://example.org/x and www.example.com.", { url: 2 }],
    ["SSN 123-45-6789", { ssn: 1 }],
    ["MRN: 1234567", { "record number": 1 }],
    ["Accession 1234567890", { "long number": 1 }],
    ["on 3/14/2015, 03-14-15, 2015-03-14 and March 14, 2015", { date: 4 }],
    ["a 94-year-old, 101 y.o. man", { "age over 89": 2 }],
    ["Dr. Smith and Mrs Jane Roe", { "name after title": 2 }],
    ["lives at 12 Elm Street", { "street address": 1 }],
  ];
  for (const [text, found] of cases) assertEquals(scan(text), found, text);
});

Deno.test("clinical numbers and redactions are not identifiers", () => {
  const text = `BP 107/61, Hgb-11.9*, 98.1 78 18 97RA, ___ 06:20AM, Dr. ___, Mr. ___, T 38.5,
    89 year old, 1-2 tabs, 10/325 mg, 9/10 pain, 7.35/45/90, L4-5, 2-3/6 murmur, #*90 Tablet Refills:*0`;
  assertEquals(scan(text), {});
});

Deno.test("examples show the shape and nothing else", () => {
  assertEquals(mask("Dr. O'Brien-Éva 12"), "Xx. X'Xxxxx-Xxx 99");
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
  const report = redactionReport(headers, [redactions.part()]);
  assertEquals([report.total, report.notes_with], [21, 6]);
  const bySection = Object.fromEntries(report.by_section.map(({ name, count }) => [name, count]));
  assertEquals([bySection["ONE TWO"], bySection["END ONE"]], [10, 5]);
  assertEquals(report.words_before.find(({ word }) => word === "dr.")!.count, 5);
  assertEquals(JSON.stringify(report).includes("quinlan"), false, "rare neighbours stay private");
  assertEquals(report.placeholders, [{ style: "[**...**]  (MIMIC-III)", notes: 5, matches: 5 }]);
});
